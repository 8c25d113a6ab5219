//! Channels and sockets that keep what the crate writes to them.

use std::collections::VecDeque;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use noxu_rep::error::{RepError, Result};
use noxu_rep::net::Channel;

pub const VERSION: &str = "7.11.2";

/// A channel that records what is sent and plays back what it was given, then closes.
#[derive(Default)]
pub struct Recorder {
    sent: Mutex<Vec<Vec<u8>>>,
    input: Mutex<VecDeque<Vec<u8>>>,
}

impl Recorder {
    pub fn playing(frames: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { sent: Mutex::default(), input: Mutex::new(frames.into_iter().collect()) }
    }

    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.sent.lock().expect("no panic under the lock").clone()
    }
}

impl Channel for Recorder {
    fn send(&self, data: &[u8]) -> Result<()> {
        self.sent.lock().expect("no panic under the lock").push(data.to_vec());
        Ok(())
    }

    fn receive(&self, _timeout: Duration) -> Result<Option<Vec<u8>>> {
        let next = self.input.lock().expect("no panic under the lock").pop_front();
        next.map(Some).ok_or_else(|| RepError::ChannelClosed("end of the recording".into()))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }

    fn is_open(&self) -> bool {
        true
    }
}

/// A clone handle: services take a boxed channel for themselves.
pub struct Shared(pub std::sync::Arc<Recorder>);

impl Channel for Shared {
    fn send(&self, data: &[u8]) -> Result<()> {
        self.0.send(data)
    }

    fn receive(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        self.0.receive(timeout)
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }
}

/// Accepts one connection and returns its address and what comes in until it closes.
pub fn capture(reply: Vec<u8>) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds on loopback");
    let address = listener.local_addr().expect("has an address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accepts");
        std::io::Write::write_all(&mut stream, &reply).expect("replies");
        stream.shutdown(std::net::Shutdown::Write).expect("ends its side");
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    });
    (address, thread)
}

/// Two ends of a loopback connection.
pub fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds on loopback");
    let near =
        TcpStream::connect(listener.local_addr().expect("has an address")).expect("connects");
    let (far, _) = listener.accept().expect("accepts");
    (near, far)
}
