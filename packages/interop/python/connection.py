"""Streams of frames over TCP, with deadlines. The document: "Connections" and "Deadlines"."""

import asyncio

from messages import GOODBYE, MAX_FRAME, decode, encode
from wire import LITTLE, ProtocolError

READ_SIZE = 65_536
CLOSE_TIMEOUT = 5
STEP_TIMEOUT = 30


class PeerGoodbye(Exception):
    """The peer said why it closes."""

    def __init__(self, code: int, reason: str):
        super().__init__(f"goodbye {code}: {reason}")
        self.code = code


class Refused(ProtocolError):
    """This side closes the connection, with this code."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code


class Closed(Exception):
    """The peer ended the connection."""


def split_address(address: str) -> tuple[str, int]:
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


async def dial(address: str, service: str | None = None) -> "Connection":
    """Connects, and names a service if the peer is a node."""
    reader, writer = await asyncio.open_connection(*split_address(address))
    connection = Connection(reader, writer)
    if service is not None:
        connection.send_frame(service.encode("utf-8"))
    return connection


class Connection:
    """Whole frames in both directions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader = reader
        self.writer = writer
        self.buffer = bytearray()
        # The last VLSN of a stream that was sent.
        self.sent_vlsn = 0

    def send_frame(self, payload: bytes) -> None:
        # In one piece, so that the length and the payload leave together.
        self.writer.write(len(payload).to_bytes(4, LITTLE) + payload)

    def send(self, message: str, /, **fields) -> None:
        self.send_frame(encode(message, **fields))

    async def drain(self, timeout: float = STEP_TIMEOUT) -> None:
        """Waits until the peer has taken most of what was sent."""
        await asyncio.wait_for(self.writer.drain(), timeout)

    async def frame(self, silence: float = STEP_TIMEOUT, limit: int = MAX_FRAME) -> bytes:
        """The next frame. Times out once nothing has arrived for `silence` seconds."""
        header = await self._take(4, silence)
        length = int.from_bytes(header, LITTLE)
        if length > limit:
            raise ProtocolError(f"a frame of {length} bytes")
        return await self._take(length, silence)

    async def _take(self, size: int, silence: float) -> bytes:
        while len(self.buffer) < size:
            chunk = await asyncio.wait_for(self.reader.read(READ_SIZE), silence)
            if not chunk:
                raise Closed("the peer ended the connection")
            self.buffer += chunk
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    async def next(self, silence: float = STEP_TIMEOUT, limit: int = MAX_FRAME):
        """The next message. Raises PeerGoodbye for a goodbye."""
        message = decode(await self.frame(silence, limit))
        if message.type == "Goodbye":
            raise PeerGoodbye(message.code, message.reason)
        return message

    async def expect(self, *types: str, silence: float = STEP_TIMEOUT, limit: int = MAX_FRAME):
        """The next message, which must be of one of these types."""
        message = await self.next(silence, limit)
        if message.type not in types:
            raise ProtocolError(f"expected {' or '.join(types)}, not {message.type}")
        return message

    def goodbye(self, error: Exception) -> None:
        """Tells the peer why this side closes, unless it is the peer's own doing."""
        if isinstance(error, (PeerGoodbye, Closed, ConnectionError)):
            return
        if isinstance(error, Refused):
            code = error.code
        elif isinstance(error, ProtocolError):
            code = "protocol"
        elif isinstance(error, TimeoutError):
            code = "timeout"
        elif isinstance(error, asyncio.CancelledError):
            code = "shutdown"
        else:
            code = "internal"
        self.send("Goodbye", code=GOODBYE[code], reason=str(error)[:80])

    async def close(self) -> None:
        """Ends this side, and waits a little for the peer to do the same."""
        try:
            await asyncio.wait_for(self._end(), CLOSE_TIMEOUT)
        except (OSError, TimeoutError):
            pass
        finally:
            self.writer.close()

    async def _end(self) -> None:
        await self.writer.drain()
        if self.writer.can_write_eof():
            self.writer.write_eof()
        while await self.reader.read(READ_SIZE):
            pass

    def abort(self) -> None:
        self.writer.transport.abort()
