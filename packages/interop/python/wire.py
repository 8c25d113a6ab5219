"""Numbers and text as bytes. The document: "Notation"."""

BIG = "big"
LITTLE = "little"


class ProtocolError(Exception):
    """A peer sent something that the protocol does not allow."""


class Reader:
    """Reads a message from its bytes, in one byte order, and never past its end."""

    def __init__(self, data: bytes, order: str):
        self.data = data
        self.order = order
        self.at = 0

    @property
    def remaining(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if size > self.remaining:
            raise ProtocolError(f"truncated: {size} bytes wanted, {self.remaining} left")
        self.at += size
        return self.data[self.at - size : self.at]

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), self.order)

    def i64(self) -> int:
        return int.from_bytes(self.take(8), self.order, signed=True)

    def varint(self, most: int) -> int:
        value = shift = 0
        while True:
            byte = self.uint(1)
            value |= (byte & 0x7F) << shift
            if value > most:
                raise ProtocolError(f"a varint above {most}")
            if byte < 0x80:
                if byte == 0 and shift > 0:
                    raise ProtocolError("a varint that is not in its shortest form")
                return value
            shift += 7

    def text8(self) -> str:
        try:
            return self.take(self.uint(1)).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolError("invalid UTF-8") from error

    def end(self) -> None:
        if self.remaining > 0:
            raise ProtocolError(f"{self.remaining} bytes left over")


class Writer:
    """Collects the bytes of a message."""

    def __init__(self, order: str):
        self.order = order
        self.bytes = bytearray()

    def raw(self, data: bytes) -> None:
        self.bytes += data

    def uint(self, value: int, size: int) -> None:
        self.bytes += value.to_bytes(size, self.order)

    def i64(self, value: int) -> None:
        self.bytes += value.to_bytes(8, self.order, signed=True)

    def varint(self, value: int) -> None:
        while value >= 0x80:
            self.bytes.append(value & 0x7F | 0x80)
            value >>= 7
        self.bytes.append(value)

    def text8(self, text: str) -> None:
        data = text.encode("utf-8")
        self.uint(len(data), 1)
        self.raw(data)
