"""What a member sends: updates and broadcasts ride along, and strangers get little.

The document: "Strangers", "Updates".
"""

from dataclasses import replace

from packets import Identity, Packet, Update

# A member that has not answered a ping yet gets at most so many times what it sent.
AMPLIFICATION = 3
MAX_BROADCASTS = 64
BROADCASTS_AT_ONCE = 4
TRANSMISSIONS = 6


class Outbox:
    """Builds and sends the packets of a member."""

    def __init__(self, member, send_bytes):
        self.member = member
        self.send_bytes = send_bytes
        # The members that have answered a ping.
        self.proved: set[Identity] = set()
        # How many bytes the other ones may still get because of the present packet.
        self.credit = 0
        self.queue: list[list] = []
        self.known: set[bytes] = set()

    def received(self, size: int) -> None:
        """A packet of this size has arrived, to which `answer` answers."""
        self.credit = AMPLIFICATION * size

    def send(self, to: Identity, kind: str, probe=0, about=None, first=None) -> None:
        packet = self._packet(to, kind, probe, about, first)
        if packet:
            self.send_bytes(to.address, self.member.codec.encode(packet))

    def answer(self, to: Identity, kind: str, probe=0, about=None, first=None) -> None:
        """As `send`, within the credit of a receiver that is not proved."""
        packet = self._packet(to, kind, probe, about, first)
        if packet is None:
            return
        data = self.member.codec.encode(packet)
        if to not in self.proved:
            if len(data) > self.credit:
                kept = packet.updates[:1] if first else ()
                packet = replace(packet, updates=kept, broadcasts=())
                data = self.member.codec.encode(packet)
            if len(data) > self.credit:
                return
            self.credit -= len(data)
        self.send_bytes(to.address, data)

    def feed(self, to: Identity) -> None:
        """Tells a member that is proved who the others are."""
        member = self.member
        for updates in member.state.feeds(to, member.now):
            packet = Packet(member.identity, member.incarnation, to, "feed", updates=updates)
            self.send_bytes(to.address, member.codec.encode(packet))

    def _packet(self, to: Identity, kind: str, probe: int, about, first: Update | None):
        member = self.member
        if member.status == "gone":
            return None
        updates = broadcasts = ()
        if kind not in ("announce", "turnUndead"):
            updates = member.state.take_updates(first)
            broadcasts = self._take_broadcasts()
        return Packet(
            member.identity, member.incarnation, to, kind, probe, about, updates, broadcasts
        )

    # Broadcasts

    def broadcast(self, data: bytes) -> bool:
        """Queues bytes of the application. False if they are known."""
        if data in self.known:
            return False
        self.known.add(data)
        self.queue = self.queue[-MAX_BROADCASTS:] + [[0, data]]
        return True

    def _take_broadcasts(self) -> tuple[bytes, ...]:
        taken = self.queue[:BROADCASTS_AT_ONCE]
        for item in taken:
            item[0] += 1
        self.queue = [item for item in self.queue if item[0] < TRANSMISSIONS]
        return tuple(data for _, data in taken)
