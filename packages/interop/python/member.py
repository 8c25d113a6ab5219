"""A member, without I/O: tell it what arrived and the time; it says what to send.

The document: "Membership". A time is in seconds.
"""

import random
from dataclasses import dataclass, replace

from packets import ALIVE, DOWN, MAX_INCARNATION, SUSPECT, Identity, Packet, PacketCodec, Update
from prober import Prober
from state import State, digest
from wire import ProtocolError

GOSSIP_PERIOD = 0.2
GOSSIP_MEMBERS = 3
LEAST_KNOW = 3
MAX_BROADCASTS = 64


@dataclass
class Config:
    """The defaults of the document, in seconds."""

    probe_period: float = 1
    probe_timeout: float = 0.5
    indirect_probes: int = 3
    # None: by the formula of the document.
    suspicion: float | None = None
    remove_down_after: float = 86_400
    max_packet_size: int = 1400
    leave_timeout: float = 5
    announce_period: float = 30
    announce_down_period: float = 65


class Member:
    """One member of a cluster. `send(address, bytes)` and `report(event, **fields)` are called."""

    def __init__(self, identity: Identity, label: str, config: Config, send, report):
        self.identity = identity
        self.incarnation = 0
        self.config = config
        self.codec = PacketCodec(label)
        self.send_bytes = send
        self.report = report
        self.state = State(identity.address, config, report)
        self.prober = Prober(self)
        # "active", "leaving" or "gone".
        self.status = "active"
        self.now = 0.0
        self.next_gossip = 0.0
        self.next_burst = 0.0
        self.next_renewal = 0.0
        self.next_announce = 0.0
        self.next_announce_down = 0.0
        self.goodbye_probe = 0
        self.goodbye_end = 0.0
        self.next_goodbye = 0.0
        self.said_goodbye: set[Identity] = set()
        self.broadcasts: list[list] = []
        self.known_broadcasts: set[bytes] = set()

    def self_update(self, state: int = ALIVE) -> Update:
        return Update(self.identity, self.incarnation, state, left=state == DOWN)

    def everyone(self) -> list[Update]:
        """This member and everything that it knows of others: for a state exchange."""
        return [self.self_update()] + [record.update for record in self.state.records.values()]

    def digest(self) -> int:
        active = [record.update for record in self.state.records.values() if record.active]
        return digest([self.self_update()] + active)

    # Sending

    def send(self, to: Identity, kind: str, probe=0, about=None, first=None) -> None:
        if self.status == "gone":
            return
        updates = broadcasts = ()
        if kind == "feed":
            updates = self.state.feed(to)
        elif kind not in ("announce", "turnUndead"):
            updates = self.state.take_updates(first)
            broadcasts = self._take_broadcasts()
        packet = Packet(
            self.identity, self.incarnation, to, kind, probe, about, updates, broadcasts
        )
        self.send_bytes(to.address, self.codec.encode(packet))

    def some(self, count: int, but: Identity | None = None) -> list[Identity]:
        """Random active members."""
        others = [identity for identity in self.state.active() if identity != but]
        return random.sample(others, min(count, len(others)))

    def _take_broadcasts(self) -> tuple[bytes, ...]:
        taken = []
        for item in self.broadcasts[:4]:
            taken.append(item[1])
            item[0] += 1
        self.broadcasts = [item for item in self.broadcasts if item[0] < 6]
        return tuple(taken)

    # Receiving a packet

    def receive(self, data: bytes, now: float) -> None:
        self.now = now
        if self.status == "gone":
            return
        try:
            if len(data) > self.config.max_packet_size:
                raise ProtocolError(f"a packet of {len(data)} bytes")
            packet = self.codec.decode(data)
        except ProtocolError as error:
            self.report("rejected", reason=str(error))
            return
        src, me = packet.src, self.identity
        at_own_address = packet.dst.address == me.address
        addressed = packet.dst == me or (packet.kind == "announce" and at_own_address)
        if src.address == me.address or not addressed or packet.about == me:
            return
        record = self.state.apply(Update(src, packet.incarnation, ALIVE), now)
        if record.update.id != src or not record.active:
            self._answer_inactive(packet, record)
            return
        for update in packet.updates:
            if update.id == src and update.state == DOWN:
                update = replace(update, left=True)
            self.apply(update, src)
        for broadcast in packet.broadcasts:
            self.broadcast(broadcast)
        self._answer(packet)

    def _answer_inactive(self, packet: Packet, record) -> None:
        src = packet.src
        if packet.kind == "turnUndead" and self.status == "active":
            self.renew(src)
        if record.update.id != src:
            self.send(src, "gossip", first=record.update)
        self.send(src, "turnUndead")

    def apply(self, update: Update, sender: Identity | None = None) -> None:
        if update.id.address != self.identity.address:
            self.state.apply(update, self.now)
        elif self.status == "active":
            self._about_self(update, sender)

    def merge(self, members: list[Update]) -> None:
        """Takes in what a peer sent in a state exchange."""
        for update in members:
            own = update.id.address == self.identity.address
            if update.state == DOWN and not own:
                record = self.state.records.get(update.id.address)
                if record is None:
                    continue
                if not update.left:
                    if not record.active:
                        continue
                    update = Update(update.id, update.incarnation, SUSPECT)
            self.apply(update)

    def _answer(self, packet: Packet) -> None:
        src, probe, about = packet.src, packet.probe, packet.about
        match packet.kind:
            case "ping":
                self.send(src, "ack", probe)
            case "ack":
                self._heard_goodbye(src, probe)
                self.prober.on_answer(src, probe, "direct")
            case "pingReq":
                self.prober.on_request(src, about, probe)
            case "indirectPing":
                self.report("indirectPing", address=src.address)
                self.send(src, "indirectAck", probe, about)
            case "indirectAck":
                self.prober.on_indirect_ack(src, about, probe)
            case "forwardedAck":
                self.prober.on_answer(about, probe, "indirect")
            case "nack":
                self.report("nackReceived", address=about.address)
            case "announce":
                self.send(src, "feed")
            case "turnUndead":
                if self.status == "leaving":
                    self._heard_goodbye(src, self.goodbye_probe)
                else:
                    self.renew(src)

    # Refuting

    def _about_self(self, update: Update, sender: Identity | None) -> None:
        me = self.identity
        if update.id.generation > me.generation:
            if self.now >= self.next_renewal:
                self.next_renewal = self.now + self.config.probe_period
                self.renew(sender, above=update.id.generation)
        elif update.id.generation < me.generation:
            if update.state != DOWN:
                self.state.spread(self.self_update())
        elif update.state == DOWN:
            self.renew(sender)
        elif update.state == SUSPECT:
            if update.incarnation >= MAX_INCARNATION:
                self.renew(sender)
            elif update.incarnation >= self.incarnation:
                self.incarnation = update.incarnation + 1
                self.report("refutes", incarnation=self.incarnation)
                self._burst()
        elif update.incarnation > self.incarnation:
            self.incarnation = update.incarnation

    def renew(self, sender: Identity | None, above: int = 0) -> None:
        """Comes back under a higher generation."""
        generation = max(self.identity.generation, above) + 1
        self.identity = replace(self.identity, generation=generation)
        self.incarnation = 0
        self.prober.cancel()
        self.report("rejoined", generation=generation)
        self._burst()
        if sender is not None and not self.state.active():
            self.send(sender, "announce")

    def _burst(self) -> None:
        self.state.spread(self.self_update())
        if self.now >= self.next_burst:
            self.next_burst = self.now + self.config.probe_period
            for identity in self.some(self.config.indirect_probes):
                self.send(identity, "gossip")

    # Joining, leaving, broadcasts

    def announce(self, address: str) -> None:
        self.send(Identity(address, 0), "announce")

    def leave(self, now: float) -> None:
        if self.status != "active":
            return
        self.now = now
        self.status = "leaving"
        self.goodbye_probe = self.prober.next_number()
        self.goodbye_end = now + self.config.leave_timeout
        self.state.queue.pop(self.identity.address, None)
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        active = self.state.active()
        enough = min(len(active), LEAST_KNOW)
        if len(self.said_goodbye) >= enough or self.now >= self.goodbye_end:
            self.status = "gone"
            self.report("left")
            return
        self.next_goodbye = self.now + self.config.probe_timeout / 2.5
        untold = [identity for identity in active if identity not in self.said_goodbye]
        for identity in random.sample(untold, min(self.config.indirect_probes, len(untold))):
            self.send(identity, "ping", self.goodbye_probe, first=self.self_update(DOWN))

    def _heard_goodbye(self, src: Identity, probe: int) -> None:
        if self.status == "leaving" and probe == self.goodbye_probe:
            self.said_goodbye.add(src)
            self.next_goodbye = self.now

    def broadcast(self, data: bytes) -> None:
        """Spreads bytes of the application, unless they are known."""
        if data in self.known_broadcasts:
            return
        self.known_broadcasts.add(data)
        self.broadcasts = self.broadcasts[-MAX_BROADCASTS:] + [[0, data]]
        self.report("broadcast", hex=data.hex())

    # Time

    def tick(self, now: float) -> None:
        """Does what is due."""
        self.now = now
        if self.status == "leaving" and now >= self.next_goodbye:
            self._say_goodbye()
        if self.status != "active":
            return
        for identity in self.state.expire(now):
            self.send(identity, "turnUndead")
        self.prober.tick(now)
        if now >= self.next_gossip and (self.state.queue or self.broadcasts):
            self.next_gossip = now + GOSSIP_PERIOD
            for identity in self.some(GOSSIP_MEMBERS):
                self.send(identity, "gossip")
        if now >= self.next_announce:
            self.next_announce = now + self.config.announce_period
            for identity in self.some(1):
                self.send(identity, "announce")
        if now >= self.next_announce_down:
            self.next_announce_down = now + self.config.announce_down_period
            failed = self.state.failed()
            for identity in random.sample(failed, min(2, len(failed))):
                self.send(identity, "announce")
