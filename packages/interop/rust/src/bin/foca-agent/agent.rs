//! The loop around one foca instance.

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use foca::{AccumulatingRuntime, Codec, Config, Foca, OwnedNotification};
use interop_peers::broadcast::Handler;
use interop_peers::events::emit;
use interop_peers::identity::Id;
use interop_peers::{hex, render};
use rand::rngs::StdRng;
use rand::SeedableRng;
use serde_json::json;

use crate::command::{parse, Command};
use crate::loss::Loss;
use crate::timers::Timers;

pub enum Input {
    Datagram(Vec<u8>),
    Line(String),
}

type Runtime = AccumulatingRuntime<Id>;

pub struct Agent<C: Codec<Id, Error: Error + Send> + Copy> {
    foca: Foca<Id, C, StdRng, Handler>,
    codec: C,
    handler: Handler,
    socket: UdpSocket,
    loss: Loss,
    timers: Timers,
    left: bool,
}

impl<C: Codec<Id, Error: Error + Send> + Copy> Agent<C> {
    pub fn new(id: Id, config: Config, seed: u64, codec: C, socket: UdpSocket, loss: Loss) -> Self {
        let handler = Handler::default();
        let rng = StdRng::seed_from_u64(seed);
        let foca = Foca::with_custom_broadcast(id, config, rng, codec, handler.clone());
        Self { foca, codec, handler, socket, loss, timers: Timers::default(), left: false }
    }

    pub fn run(mut self, inputs: &Receiver<Input>, announce: Vec<SocketAddr>) {
        let id = *self.foca.identity();
        emit("listening", json!({ "addr": id.addr.to_string(), "bump": id.bump.to_string() }));
        for address in announce {
            self.act(|foca, runtime| foca.announce(Id::new(address, 0), runtime));
        }
        loop {
            while let Some(timer) = self.timers.pop_due(Instant::now()) {
                self.act(|foca, runtime| foca.handle_timer(timer, runtime));
            }
            let wait = self.timers.next_deadline().map_or(Duration::from_secs(60), |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            match inputs.recv_timeout(wait) {
                Ok(Input::Datagram(data)) => self.receive(&data),
                Ok(Input::Line(line)) if line.trim().is_empty() => {}
                Ok(Input::Line(line)) => match parse(&line) {
                    Ok(Command::Quit) => return,
                    Ok(command) => self.obey(command),
                    Err(message) => {
                        emit("error", json!({ "during": "command", "message": message }))
                    }
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn receive(&mut self, data: &[u8]) {
        if self.left || self.loss.drops(false) {
            return;
        }
        self.act(|foca, runtime| foca.handle_data(data, runtime));
        for (from, data) in self.handler.take() {
            let from = render::identity(&from);
            emit("broadcast", json!({ "hex": hex::encode(&data), "from": from }));
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Announce(address) => {
                self.act(|foca, runtime| foca.announce(Id::new(address, 0), runtime));
            }
            Command::Leave => {
                self.act(|foca, runtime| foca.leave_cluster(runtime));
                // foca would renew its identity and rejoin at the first "you are down".
                self.left = true;
                self.timers.clear();
                emit("left", json!({}));
            }
            Command::Broadcast(data) => {
                let mut new = false;
                self.act(|foca, runtime| {
                    new = foca.add_broadcast(&data)?;
                    foca.broadcast(runtime)
                });
                emit("broadcastAdded", json!({ "hex": hex::encode(&data), "new": new }));
            }
            Command::Loss(share) => self.loss.all = share,
            Command::LossReplies(share) => self.loss.replies = share,
            Command::Members => self.list(),
            Command::Quit => {}
        }
    }

    fn list(&self) {
        let show = |member: &foca::Member<Id>| {
            let mut value = render::identity(member.id());
            value["incarnation"] = json!(member.incarnation());
            value["state"] = render::member(member)["state"].clone();
            value
        };
        let all: Vec<_> = self.foca.iter_membership_state().map(show).collect();
        let (down, active): (Vec<_>, Vec<_>) = all.into_iter().partition(|m| m["state"] == "down");
        let identity = render::identity(self.foca.identity());
        emit("members", json!({ "identity": identity, "members": active, "down": down }));
    }

    /// Lets foca act, then sends, schedules and reports what came of it.
    fn act<F>(&mut self, action: F)
    where
        F: FnOnce(&mut Foca<Id, C, StdRng, Handler>, &mut Runtime) -> Result<(), foca::Error>,
    {
        let mut runtime = Runtime::new();
        if let Err(error) = action(&mut self.foca, &mut runtime) {
            emit("error", json!({ "during": "foca", "message": error.to_string() }));
        }
        while let Some((to, data)) = runtime.to_send() {
            if !self.loss.drops(self.is_reply(&data)) {
                let _ = self.socket.send_to(&data, to.addr);
            }
        }
        let now = Instant::now();
        while let Some((after, timer)) = runtime.to_schedule() {
            self.timers.add(now + after, timer);
        }
        while let Some(notification) = runtime.to_notify() {
            report(&notification);
        }
    }

    fn is_reply(&self, data: &[u8]) -> bool {
        use foca::Message::{Ack, ForwardedAck, IndirectAck};
        let header = { self.codec }.decode_header(data);
        header.is_ok_and(|header| {
            matches!(header.message, Ack(_) | IndirectAck { .. } | ForwardedAck { .. })
        })
    }
}

fn report(notification: &OwnedNotification<Id>) {
    match notification {
        OwnedNotification::MemberUp(id) => {
            emit("memberUp", json!({ "member": render::identity(id) }))
        }
        OwnedNotification::MemberDown(id) => {
            emit("memberDown", json!({ "member": render::identity(id) }));
        }
        OwnedNotification::Rename(from, to) => {
            emit("rename", json!({ "from": render::identity(from), "to": render::identity(to) }));
        }
        OwnedNotification::Active => emit("active", json!({})),
        OwnedNotification::Idle => emit("idle", json!({})),
        OwnedNotification::Defunct => emit("defunct", json!({})),
        OwnedNotification::Rejoin(id) => {
            emit("rejoin", json!({ "identity": render::identity(id) }));
        }
    }
}
