"""The messages of consensus as bytes. The document: "Messages of consensus"."""

from types import SimpleNamespace
from zlib import crc32

from wire import LITTLE, ProtocolError, Reader, Writer

SERVICE = "shoal/consensus"
MAX_FRAME = 5223
MAGIC = 0x4E434853
VERSION = 1
MAX_NAME, MAX_VOTERS, ID = 64, 64, 16
VOTED, OTHER_LOG, OTHER_VOTERS, IMPOSSIBLE_TERM = range(4)

# The fields of each message with their kinds, in the order of the opcodes, from 1.
MESSAGES = {
    "hello": "magic:u32 version:u8 label:u32 from_:name to:name",
    "preVoteRequest": "term:u64 logId:id?",
    "preVoteReply": "term:u64 granted:flag votedTerm:u64 lastTerm:u64 last:u64 voters:voters",
    "voteRequest": "term:u64 life:id logId:id? founding:names",
    "grant": "term:u64 life:id storeId:id lastTerm:u64 last:u64",
    "refusal": "term:u64 reason:reason votedTerm:u64 storeId:id",
    "heartbeat": "term:u64 commit:u64 logId:id?",
    "acknowledgement": "term:u64 storeId:id index:u64",
    "campaignNow": "term:u64",
}
FORMATS = {
    message: [tuple(field.split(":")) for field in fields.split()]
    for message, fields in MESSAGES.items()
}
SIZES = {"u8": 1, "u32": 4, "u64": 8, "flag": 1, "reason": 1}
MOST = {"flag": 1, "reason": IMPOSSIBLE_TERM}


def encode(message: str, /, **fields) -> bytes:
    writer = Writer(LITTLE)
    writer.uint(list(FORMATS).index(message) + 1, 1)
    if message == "hello":
        fields = {"magic": MAGIC, "version": VERSION} | fields
    for name, kind in FORMATS[message]:
        write(writer, kind, fields[name])
    return bytes(writer.bytes) + crc32(writer.bytes).to_bytes(4, LITTLE)


def decode(data: bytes):
    """The fields of a message, and its type. The checksum is verified first."""
    body, checksum = data[:-4], data[-4:]
    if len(data) < 5 or crc32(body).to_bytes(4, LITTLE) != checksum:
        raise ProtocolError("a message with a wrong checksum")
    reader = Reader(body, LITTLE)
    opcode = reader.uint(1)
    if not 1 <= opcode <= len(FORMATS):
        raise ProtocolError(f"opcode {opcode}")
    message = list(FORMATS)[opcode - 1]
    found = SimpleNamespace(type=message)
    for name, kind in FORMATS[message]:
        setattr(found, name, read(reader, kind))
    reader.end()
    if message == "hello":
        if (found.magic, found.version) != (MAGIC, VERSION):
            raise ProtocolError("a hello of another protocol or version")
        del found.magic, found.version
    return found


def write(writer: Writer, kind: str, value) -> None:
    if kind in SIZES:
        writer.uint(value, SIZES[kind])
    elif kind == "name":
        writer.text8(value)
    elif kind == "id":
        writer.raw(value)
    elif kind == "id?":
        writer.uint(value is not None, 1)
        writer.raw(value or b"")
    else:
        writer.uint(len(value), 1)
        for item in value:
            name, store = item if kind == "voters" else (item, b"")
            writer.text8(name)
            writer.raw(store)


def read(reader: Reader, kind: str):
    if kind in SIZES:
        value = reader.uint(SIZES[kind])
        if value > MOST.get(kind, value):
            raise ProtocolError(f"a {kind} of {value}")
        return value
    if kind == "name":
        return read_name(reader)
    if kind == "id":
        return reader.take(ID)
    if kind == "id?":
        return reader.take(ID) if read(reader, "flag") else None
    count = reader.uint(1)
    if count > MAX_VOTERS:
        raise ProtocolError(f"a list of {count}")
    return read_voters(reader, count) if kind == "voters" else read_names(reader, count)


def read_name(reader: Reader) -> str:
    name = reader.text8()
    if not 1 <= len(name.encode("utf-8")) <= MAX_NAME:
        raise ProtocolError(f"a name of {len(name)} characters")
    return name


def read_names(reader: Reader, count: int) -> list[str]:
    names = [read_name(reader) for _ in range(count)]
    if len(set(names)) < count:
        raise ProtocolError("a name that occurs twice")
    return names


def read_voters(reader: Reader, count: int) -> list[tuple[str, bytes]]:
    voters = [(read_name(reader), reader.take(ID)) for _ in range(count)]
    # UTF-16 in big-endian order compares as its code units do.
    order = [name.encode("utf-16-be") for name, _ in voters]
    if any(before >= after for before, after in zip(order, order[1:])):
        raise ProtocolError("voters that are not in the order of their names")
    return voters


def read_mark(payload: bytes) -> tuple[int, bytes | None, list[tuple[str, bytes]]] | None:
    """The term, the log's id and the voters in the payload of a mark; None if it is none."""
    reader = Reader(payload, LITTLE)
    try:
        term = reader.uint(8)
        if reader.remaining == 0:
            return term, None, []
        if reader.uint(1) != VERSION:
            return None
        found = term, reader.take(ID), read(reader, "voters")
        reader.end()
        return found
    except ProtocolError:
        return None
