"""The messages on streams as bytes. The document: "Streams" and "State exchange"."""

from types import SimpleNamespace
from zlib import crc32

from packets import read_member, write_member
from wire import BIG, LITTLE, ProtocolError, Reader, Writer

MAX_FRAME = 67_108_864
MAX_STATE_MESSAGE = 65_536
STREAM_MAGIC = 0x534C4853  # SHLS
STATE_MAGIC = 0x4D4C4853  # SHLM
VERSION = 1

RESTORE, HEARTBEATS, CHAINED = 1, 2, 4

ENTRY = "vlsn:i64 lsn:u64 fingerprint:u64 isSync:bool"

# The tables of the document, row by row.
MESSAGES = {
    1: ("EntryRequest", "vlsn:i64"),
    2: ("Entry", ENTRY),
    3: ("EntryNotFound", ""),
    4: ("AlternateMatchpoint", ENTRY),
    5: ("StartStream", "startVlsn:i64"),
    6: ("RestoreRequest", "failedVlsn:i64"),
    7: ("RestoreResponse", ""),
    16: (
        "Hello",
        "magic:u32 versionMin:u8 versionMax:u8 features:u32 label:u32 term:u64 name:text8",
    ),
    17: (
        "Welcome",
        "magic:u32 version:u8 features:u32 label:u32 term:u64 first:u64 last:u64",
    ),
    18: ("Entries", "crc:u32 firstVlsn:u64 entries:entries"),
    19: ("Ack", "vlsn:u64"),
    20: ("Heartbeat", "term:u64 last:u64 durable:u64 time:u64"),
    21: ("RestoreResume", "snapshot:u64 offset:u64"),
    22: ("RestoreBegin", "snapshot:u64 size:u64 offset:u64 last:u64"),
    23: ("RestoreChunk", "crc:u32 offset:u64 bytes:rest"),
    24: ("RestoreEnd", "size:u64 digest:u64"),
    25: ("Goodbye", "code:u16 reason:text8"),
    26: ("ChainedEntries", "fingerprint:u64 firstVlsn:u64 count:u32"),
    32: ("StateRequest", "magic:u32 version:u8 label:u32 digest:u64"),
    33: ("StateReply", "digest:u64"),
    34: ("Members", "members:members"),
    35: ("MembersEnd", "total:u32"),
    36: ("StreamPing", "magic:u32 version:u8 label:u32"),
    37: ("StreamPong", "member:member"),
}
OPCODES = {name: opcode for opcode, (name, _) in MESSAGES.items()}
LAYOUTS = {
    name: [field.split(":") for field in fields.split()] for name, fields in MESSAGES.values()
}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
MAGICS = {
    "Hello": STREAM_MAGIC,
    "Welcome": STREAM_MAGIC,
    "StateRequest": STATE_MAGIC,
    "StreamPing": STATE_MAGIC,
}
# A later version may append fields to these.
EXTENSIBLE = {"Hello", "Welcome"}
# Where the part that a crc covers begins: after the opcode and the crc itself.
CHECKED = 5

GOODBYE = {
    "normal": 0,
    "protocol": 1,
    "version": 2,
    "label": 3,
    "staleTerm": 4,
    "shutdown": 5,
    "overload": 6,
    "restoreUnavailable": 7,
    "timeout": 8,
    "logChanged": 9,
    "internal": 10,
    "refused": 11,
}


def write_entries(entries) -> bytes:
    """Entries one after another, as in ChainedEntries, snapshots and fingerprints."""
    writer = Writer(LITTLE)
    for kind, payload in entries:
        writer.uint(kind, 1)
        writer.uint(len(payload), 4)
        writer.raw(payload)
    return bytes(writer.bytes)


def read_entry(reader: Reader) -> tuple[int, bytes]:
    kind = reader.uint(1)
    return kind, reader.take(reader.uint(4))


def _count(reader: Reader, size: int) -> int:
    count = reader.uint(size)
    if count == 0:
        raise ProtocolError("a count of 0")
    return count


def _write(writer: Writer, kind: str, value) -> None:
    if kind in SIZES:
        writer.uint(value, SIZES[kind])
    elif kind == "i64":
        writer.i64(value)
    elif kind == "bool":
        writer.uint(int(value), 1)
    elif kind == "text8":
        writer.text8(value)
    elif kind == "rest":
        writer.raw(value)
    elif kind == "entries":
        writer.uint(len(value), 4)
        writer.raw(write_entries(value))
    else:
        members = Writer(BIG)
        for member in value if kind == "members" else [value]:
            write_member(members, member)
        if kind == "members":
            writer.uint(len(value), 2)
        writer.raw(bytes(members.bytes))


def _read(reader: Reader, kind: str):
    if kind in SIZES:
        return reader.uint(SIZES[kind])
    if kind == "i64":
        return reader.i64()
    if kind == "bool":
        value = reader.uint(1)
        if value > 1:
            raise ProtocolError(f"a flag of {value}")
        return bool(value)
    if kind == "text8":
        return reader.text8()
    if kind == "rest":
        return reader.take(reader.remaining)
    if kind == "entries":
        return [read_entry(reader) for _ in range(_count(reader, 4))]
    count = _count(reader, 2) if kind == "members" else 1
    # Members have the byte order of datagrams.
    members = Reader(reader.take(reader.remaining), BIG)
    found = [read_member(members) for _ in range(count)]
    members.end()
    return found if kind == "members" else found[0]


def encode(message: str, /, **fields) -> bytes:
    """A message as the payload of a frame. The magic, the version and the crc are filled in."""
    writer = Writer(LITTLE)
    writer.uint(OPCODES[message], 1)
    for field, kind in LAYOUTS[message]:
        preset = {"magic": MAGICS.get(message), "crc": 0, "version": VERSION}.get(field)
        _write(writer, kind, fields.get(field, preset))
    data = bytes(writer.bytes)
    if LAYOUTS[message][:1] == [["crc", "u32"]]:
        crc = crc32(data[CHECKED:]).to_bytes(4, LITTLE)
        data = data[:1] + crc + data[CHECKED:]
    return data


def decode(frame: bytes) -> SimpleNamespace:
    """The message in a frame: an object with its `type` and its fields."""
    reader = Reader(frame, LITTLE)
    opcode = reader.uint(1)
    if opcode not in MESSAGES:
        raise ProtocolError(f"unknown opcode {opcode}")
    message = MESSAGES[opcode][0]
    fields = {field: _read(reader, kind) for field, kind in LAYOUTS[message]}
    if message not in EXTENSIBLE:
        reader.end()
    if fields.get("magic") != MAGICS.get(message):
        raise ProtocolError(f"{message} without its magic")
    if "crc" in fields and fields["crc"] != crc32(frame[CHECKED:]):
        raise ProtocolError(f"{message} with a wrong crc")
    return SimpleNamespace(type=message, **fields)
