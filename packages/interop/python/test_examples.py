"""Checks the codecs against the examples in docs/wire-protocol.md: python3 -m unittest"""

import random
import re
import unittest
from pathlib import Path

import consensus
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
CONSENSUS = {
    name: example(body)
    for name, body in re.findall(
        r"^```hex consensus (\w+)\n(.*?)^```", DOCUMENT.read_text(), re.S | re.M
    )
}
PACKETS = ["announce", "ping", "nack"]
# They are not messages.
OTHERS = {"stream-snapshot", "stream-log", "stream-encoded-entries", "state-digest", "node-metadata"}


def mutated(rng: random.Random, data: bytes) -> bytes:
    """The same bytes with one to three changes, cuts or insertions."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0:
                changed[at : at + 1] = rng.randbytes(1)
            case 1:
                del changed[at : at + rng.randint(1, 8)]
            case 2:
                changed[at:at] = rng.randbytes(rng.randint(1, 8))
            case _:
                changed[at : at + 1] = rng.choice([b"\x00", b"\x7f", b"\x80", b"\xff"])
    return bytes(changed)


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

    def test_messages_of_consensus(self):
        names = CONSENSUS.keys() - {"mark"}
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                fields = vars(consensus.decode(CONSENSUS[name]))
                self.assertEqual(fields.pop("type"), name)
                self.assertEqual(consensus.encode(name, **fields), CONSENSUS[name])
                for at in range(len(CONSENSUS[name])):
                    damaged = bytearray(CONSENSUS[name])
                    damaged[at] ^= 1
                    with self.assertRaises(ProtocolError):
                        consensus.decode(bytes(damaged))

    def test_mark(self):
        term, log_id, voters = consensus.read_mark(CONSENSUS["mark"])
        self.assertEqual((term, len(log_id)), (8, 16))
        self.assertEqual(voters, [(name, bytes([byte] * 16)) for name, byte in zip("abc", b"\xaa\xbb\xcc")])
        self.assertIsNone(consensus.read_mark(CONSENSUS["mark"] + b"\0"))

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

    def test_mutated_messages_are_read_or_rejected(self):
        codec = PacketCodec("prod")
        names = sorted(EXAMPLES.keys() - OTHERS)
        seed = 1
        rng = random.Random(seed)
        accepted = 0
        for i in range(20_000):
            name = rng.choice(names)
            data = mutated(rng, EXAMPLES[name])
            with self.subTest(name, seed=seed, mutation=i, data=data.hex()):
                # Anything but ProtocolError is a bug of the codec.
                try:
                    if name in PACKETS:
                        codec.encode(codec.decode(data))
                    else:
                        fields = vars(messages.decode(data))
                        messages.encode(fields.pop("type"), **fields)
                except ProtocolError:
                    continue
                accepted += 1
        # Many changes are to a number or a text, and give another valid message.
        self.assertGreater(accepted, 1_000)
        self.assertLess(accepted, 19_000)

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
