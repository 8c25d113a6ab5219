"""Datagrams as bytes. The document: "Datagrams"."""

from dataclasses import dataclass, field
from zlib import crc32

from wire import BIG, ProtocolError, Reader, Writer

MAGIC = 0xA5
VERSION = 1
ALIVE, SUSPECT, DOWN = 0, 1, 2
LEFT = 0b0100
HAS_SUSPECTOR = 0b1000
MAX_INCARNATION = 2**32 - 1
# The shortest announce.
ANNOUNCE_SIZE = 240

KINDS = (
    "ping",
    "ack",
    "pingReq",
    "indirectPing",
    "indirectAck",
    "forwardedAck",
    "announce",
    "feed",
    "gossip",
    "broadcast",
    "turnUndead",
    "nack",
)
WITH_PROBE = {"ping", "ack", "pingReq", "indirectPing", "indirectAck", "forwardedAck", "nack"}
WITH_MEMBER = WITH_PROBE - {"ping", "ack"}
WITHOUT_BODY = {"announce", "turnUndead"}


@dataclass(frozen=True)
class Identity:
    address: str
    generation: int
    # It belongs to the generation, so it plays no part in comparisons.
    metadata: bytes = field(default=b"", compare=False)


@dataclass(frozen=True)
class Update:
    id: Identity
    incarnation: int
    state: int
    left: bool = False
    suspector: str | None = None


@dataclass(frozen=True)
class Packet:
    src: Identity
    incarnation: int
    dst: Identity
    kind: str
    probe: int = 0
    about: Identity | None = None  # `target` or `origin`
    updates: tuple[Update, ...] = ()
    broadcasts: tuple[bytes, ...] = ()


def label_tag(label: str) -> int:
    return crc32(label.encode("utf-8"))


def write_address(writer: Writer, address: str) -> None:
    writer.text8(address)


def read_address(reader: Reader) -> str:
    address = reader.text8()
    if address == "":
        raise ProtocolError("an empty address")
    return address


def write_reference(writer: Writer, identity: Identity) -> None:
    write_address(writer, identity.address)
    writer.uint(identity.generation, 6)


def read_reference(reader: Reader) -> Identity:
    return Identity(read_address(reader), reader.uint(6))


def write_identity(writer: Writer, identity: Identity) -> None:
    write_reference(writer, identity)
    writer.varint(len(identity.metadata))
    writer.raw(identity.metadata)


def read_identity(reader: Reader) -> Identity:
    address, generation = read_address(reader), reader.uint(6)
    return Identity(address, generation, reader.take(reader.varint(512)))


def write_member(writer: Writer, update: Update) -> None:
    flags = update.state
    if update.left:
        flags |= LEFT
    if update.suspector is not None:
        flags |= HAS_SUSPECTOR
    writer.uint(flags, 1)
    write_identity(writer, update.id)
    writer.varint(update.incarnation)
    if update.suspector is not None:
        write_address(writer, update.suspector)


def read_member(reader: Reader) -> Update:
    flags = reader.uint(1)
    state = flags & 0b0011
    allowed = state | {DOWN: LEFT, SUSPECT: HAS_SUSPECTOR}.get(state, 0)
    if state > DOWN or flags & ~allowed:
        raise ProtocolError(f"flags {flags:#04x} of a member")
    identity = read_identity(reader)
    incarnation = reader.varint(MAX_INCARNATION)
    suspector = read_address(reader) if flags & HAS_SUSPECTOR else None
    return Update(identity, incarnation, state, bool(flags & LEFT), suspector)


def member_bytes(update: Update) -> bytes:
    writer = Writer(BIG)
    write_member(writer, update)
    return bytes(writer.bytes)


class PacketCodec:
    """Packets of one cluster."""

    def __init__(self, label: str):
        self.tag = label_tag(label)

    def encode(self, packet: Packet) -> bytes:
        writer = Writer(BIG)
        writer.uint(MAGIC, 1)
        writer.uint(VERSION, 1)
        writer.uint(self.tag, 4)
        write_identity(writer, packet.src)
        writer.varint(packet.incarnation)
        write_reference(writer, packet.dst)
        writer.uint(KINDS.index(packet.kind), 1)
        if packet.kind in WITH_PROBE:
            writer.uint(packet.probe, 4)
        if packet.kind in WITH_MEMBER:
            write_reference(writer, packet.about)
        if packet.kind == "announce":
            writer.raw(bytes(max(0, ANNOUNCE_SIZE - len(writer.bytes))))
        if packet.kind in WITHOUT_BODY:
            return bytes(writer.bytes)
        if packet.kind != "broadcast":
            writer.uint(len(packet.updates), 2)
            for update in packet.updates:
                write_member(writer, update)
        for broadcast in packet.broadcasts:
            writer.uint(len(broadcast), 2)
            writer.raw(broadcast)
        return bytes(writer.bytes)

    def decode(self, data: bytes) -> Packet:
        reader = Reader(data, BIG)
        preamble = reader.uint(1), reader.uint(1), reader.uint(4)
        if preamble != (MAGIC, VERSION, self.tag):
            raise ProtocolError("not a packet of this cluster")
        src = read_identity(reader)
        incarnation = reader.varint(MAX_INCARNATION)
        dst = read_reference(reader)
        number = reader.uint(1)
        if number >= len(KINDS):
            raise ProtocolError(f"unknown kind {number}")
        kind = KINDS[number]
        probe = reader.uint(4) if kind in WITH_PROBE else 0
        about = read_reference(reader) if kind in WITH_MEMBER else None
        if kind == "announce" and any(reader.take(reader.remaining)):
            raise ProtocolError("padding that is not zero")
        updates, broadcasts = [], []
        if kind not in WITHOUT_BODY:
            if kind != "broadcast" and reader.remaining > 0:
                updates = [read_member(reader) for _ in range(reader.uint(2))]
            while reader.remaining > 0:
                length = reader.uint(2)
                if length == 0:
                    raise ProtocolError("an empty broadcast")
                broadcasts.append(reader.take(length))
        reader.end()
        return Packet(
            src, incarnation, dst, kind, probe, about, tuple(updates), tuple(broadcasts)
        )
