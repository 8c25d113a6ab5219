"""A member, without I/O: tell it what arrived and the time; it says what to send.

The document: "Membership". A time is in seconds.
"""

import random
import time
from dataclasses import replace

from config import Config
from outbox import Outbox
from packets import ALIVE, DOWN, MAX_INCARNATION, SUSPECT, Identity, Packet, PacketCodec, Update
from prober import Prober
from state import State, digest
from wire import ProtocolError

GOSSIP_PERIOD = 0.2
GOSSIP_MEMBERS = 3
LEAST_KNOW = 3
MAX_STRANGERS = 1024
FIRST_ANNOUNCE = 0.5
ONE_DAY = 86_400_000


class Member:
    """One member of a cluster. `send(address, bytes)` and `report(event, **fields)` are called."""

    def __init__(self, identity: Identity, label: str, config: Config, send, report):
        self.identity = identity
        self.incarnation = 0
        self.config = config
        self.codec = PacketCodec(label)
        self.report = report
        self.outbox = Outbox(self, send)
        self.send = self.outbox.send
        self.state = State(identity.address, config, report)
        self.prober = Prober(self)
        # "active", "leaving" or "gone".
        self.status = "active"
        self.now = 0.0
        self.next_gossip = 0.0
        self.next_burst = 0.0
        self.next_renewal = 0.0
        self.next_announce = 0.0
        # A newcomer asks again soon, and then less and less often.
        self.announce_wait = FIRST_ANNOUNCE / 2
        self.next_announce_down = 0.0
        self.goodbye_probe = 0
        self.goodbye_end = 0.0
        self.next_goodbye = 0.0
        self.said_goodbye: set[Identity] = set()
        # The pings that strangers must answer before they are members.
        self.challenges: dict[Identity, int] = {}

    def self_update(self, state: int = ALIVE) -> Update:
        return Update(self.identity, self.incarnation, state, left=state == DOWN)

    def everyone(self) -> list[Update]:
        """This member and everything that it knows of others: for a state exchange."""
        return [self.self_update()] + [record.update for record in self.state.records.values()]

    def digest(self) -> int:
        active = [record.update for record in self.state.records.values() if record.active]
        return digest([self.self_update()] + active)

    def some(self, count: int, but: Identity | None = None) -> list[Identity]:
        """Random active members."""
        others = [identity for identity in self.state.active() if identity != but]
        return random.sample(others, min(count, len(others)))

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
        self.outbox.received(len(data))
        src, me = packet.src, self.identity
        addressed = packet.dst == me or packet.kind == "announce"
        if src.address == me.address or not addressed or packet.about == me:
            return
        if not self._possible(src):
            self.report("rejected", reason=f"generation {src.generation} is in the future")
            return
        if packet.kind == "announce" and self._is_stranger(src):
            self._challenge(src)
            return
        if packet.kind == "ping" and self._is_stranger(src) and not self.state.active():
            # It asks whether this member is there. It does not say yet that it may join.
            self.outbox.answer(src, "ack", packet.probe)
            return
        welcome = packet.kind == "ack" and self.challenges.get(src) == packet.probe
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
        if welcome:
            del self.challenges[src]
            self.outbox.proved.add(src)
            self.outbox.feed(src)

    @staticmethod
    def _possible(identity: Identity) -> bool:
        return identity.generation <= time.time() * 1000 + ONE_DAY

    def _is_stranger(self, src: Identity) -> bool:
        record = self.state.records.get(src.address)
        return record is None or record.update.id.generation < src.generation

    def _challenge(self, src: Identity) -> None:
        """Lets who announced itself prove that it receives packets at its address."""
        if src not in self.challenges:
            while len(self.challenges) >= MAX_STRANGERS:
                del self.challenges[next(iter(self.challenges))]
            self.challenges[src] = random.getrandbits(32)
        self.outbox.answer(src, "ping", self.challenges[src])

    def _answer_inactive(self, packet: Packet, record) -> None:
        src = packet.src
        if packet.kind == "turnUndead" and self.status == "active":
            self.renew(src)
        if record.update.id != src:
            self.outbox.answer(src, "gossip", first=record.update)
        self.outbox.answer(src, "turnUndead")

    def apply(self, update: Update, sender: Identity | None = None) -> None:
        if not self._possible(update.id):
            return
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
        answer = self.outbox.answer
        match packet.kind:
            case "ping":
                answer(src, "ack", probe)
            case "ack":
                self._heard_goodbye(src, probe)
                self.prober.on_answer(src, probe, "direct")
            case "pingReq":
                self.prober.on_request(src, about, probe)
            case "indirectPing":
                self.report("indirectPing", address=src.address)
                answer(src, "indirectAck", probe, about)
            case "indirectAck":
                self.prober.on_indirect_ack(src, about, probe)
            case "forwardedAck":
                self.prober.on_answer(about, probe, "indirect")
            case "nack":
                self.report("nackReceived", address=about.address)
            case "announce":
                if src in self.outbox.proved:
                    self.outbox.feed(src)
                else:
                    self._challenge(src)
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
        if self.outbox.broadcast(data):
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
        if now >= self.next_gossip and (self.state.queue or self.outbox.queue):
            self.next_gossip = now + GOSSIP_PERIOD
            for identity in self.some(GOSSIP_MEMBERS):
                self.send(identity, "gossip")
        if now >= self.next_announce:
            self.announce_wait = min(2 * self.announce_wait, self.config.announce_period)
            self.next_announce = now + self.announce_wait
            for identity in self.some(1):
                self.send(identity, "announce")
        if now >= self.next_announce_down:
            self.next_announce_down = now + self.config.announce_down_period
            failed = self.state.failed()
            for identity in random.sample(failed, min(2, len(failed))):
                self.send(identity, "announce")
