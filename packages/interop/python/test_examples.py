"""Checks the codecs against the examples in docs/wire-protocol.md: python3 -m unittest"""

import re
import unittest
from pathlib import Path

import messages
from log import Log
from packets import ALIVE, DOWN, SUSPECT, Identity, PacketCodec, Update
from state import digest
from wire import ProtocolError
from xxh64 import xxh64

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "wire-protocol.md"


def example(body: str) -> bytes:
    """The bytes of an example: hexadecimal with comments, in which 00*3 is 00 00 00."""
    code = re.sub(r"#.*", "", body)
    code = re.sub(r"(\w\w)\*(\d+)", lambda found: found[1] * int(found[2]), code)
    return bytes.fromhex(re.sub(r"\s", "", code))


EXAMPLES = {
    name: example(body)
    for name, body in re.findall(r"^```hex ([\w-]+)\n(.*?)^```", DOCUMENT.read_text(), re.S | re.M)
}
PACKETS = ["announce", "ping", "nack"]
# They are not messages.
OTHERS = {"stream-snapshot", "stream-log", "stream-encoded-entries", "state-digest", "node-metadata"}


class Examples(unittest.TestCase):
    def test_packets(self):
        codec = PacketCodec("prod")
        for name in PACKETS:
            with self.subTest(name):
                packet = codec.decode(EXAMPLES[name])
                self.assertEqual(packet.kind, name)
                self.assertEqual(codec.encode(packet), EXAMPLES[name])

    def test_updates_of_the_ping(self):
        suspected, left = PacketCodec("prod").decode(EXAMPLES["ping"]).updates
        self.assertEqual((suspected.state, suspected.suspector), (SUSPECT, "[::1]:7946"))
        self.assertEqual((left.state, left.left), (DOWN, True))

    def test_messages(self):
        names = EXAMPLES.keys() - OTHERS - set(PACKETS)
        self.assertGreater(len(names), 20)
        for name in names:
            with self.subTest(name):
                fields = vars(messages.decode(EXAMPLES[name]))
                message = fields.pop("type")
                self.assertEqual(messages.encode(message, **fields), EXAMPLES[name])

    def test_truncated_and_longer_messages_are_rejected(self):
        codec = PacketCodec("prod")
        # The padding of an announce may have any length.
        for name in EXAMPLES.keys() - OTHERS - {"announce"}:
            decode = codec.decode if name in PACKETS else messages.decode
            for damaged in [EXAMPLES[name][:-1], EXAMPLES[name] + b"\0"]:
                # A chunk of any length is one, but its crc is then wrong; Hello and Welcome grow.
                grown = len(damaged) > len(EXAMPLES[name])
                if grown and name in {"stream-hello", "stream-welcome"}:
                    continue
                with self.subTest(name, length=len(damaged)), self.assertRaises(ProtocolError):
                    decode(damaged)

    def test_padding_of_zeros_only(self):
        codec = PacketCodec("prod")
        announce = EXAMPLES["announce"]
        for length in (0, 1, 500):
            padded = announce.rstrip(b"\0") + bytes(length)
            self.assertEqual(codec.decode(padded), codec.decode(announce))
        with self.assertRaises(ProtocolError):
            codec.decode(announce + b"\1")

    def test_log_and_snapshot(self):
        log = Log()
        log.append(0, b"k=v")
        log.append(1, b"")
        log.durable = 1
        rows = [(entry.lsn, entry.fingerprint) for entry in log.entries]
        found = b"".join(n.to_bytes(8, "little") for row in rows for n in row)
        self.assertEqual(found, EXAMPLES["stream-log"])
        snapshot = log.snapshot()
        trailer = xxh64(snapshot).to_bytes(8, "little")
        self.assertEqual(snapshot + trailer, EXAMPLES["stream-snapshot"])
        copy = Log()
        copy.restore(snapshot)
        self.assertEqual(copy.entries, log.entries)

    def test_digest(self):
        a = Update(Identity("10.0.0.1:7946", 7, b"web"), 300, ALIVE)
        b = Update(Identity("[::1]:7946", 8), 0, ALIVE)
        found = digest([a, b]).to_bytes(8, "little")
        self.assertEqual(found, EXAMPLES["state-digest"])


if __name__ == "__main__":
    unittest.main()
