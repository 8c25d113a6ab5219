"""A replicated log in memory. The document: "Terms and entries", "LSNs and fingerprints", "Snapshots"."""

import asyncio
import json
import os
from bisect import bisect_right
from dataclasses import dataclass

from messages import read_entry, write_entries
from wire import LITTLE, ProtocolError, Reader, Writer
from xxh64 import xxh64

SYNC_POINTS = {1, 2, 3}
TRANSACTION_ENDS = {1, 2}
ENTRY_OVERHEAD = 5
SNAPSHOT_MAGIC = 0x4E534853  # SHSN


@dataclass(frozen=True)
class Entry:
    vlsn: int
    type: int
    payload: bytes
    lsn: int
    fingerprint: int

    @property
    def is_sync(self) -> bool:
        return self.type in SYNC_POINTS


class Log:
    """Entries with their LSNs and chained fingerprints."""

    def __init__(self, archives: str | None = None):
        self.archives = archives
        self.archived = 0
        self.durable = 0
        self.changed = asyncio.Event()
        self._reset(first=1, lsn=0, base=0)

    def _reset(self, first: int, lsn: int, base: int) -> None:
        self.start, self.start_lsn, self.base = first, lsn, base
        self.entries: list[Entry] = []
        self.syncs: list[int] = []

    @property
    def first(self) -> int:
        return self.start if self.entries else 0

    @property
    def last(self) -> int:
        return self.entries[-1].vlsn if self.entries else self.start - 1

    @property
    def last_sync(self) -> int:
        return self.syncs[-1] if self.syncs else 0

    @property
    def has_transaction_ends(self) -> bool:
        return any(entry.type in TRANSACTION_ENDS for entry in self.entries)

    def entry(self, vlsn: int) -> Entry | None:
        index = vlsn - self.start
        return self.entries[index] if 0 <= index < len(self.entries) else None

    def fingerprint_at(self, vlsn: int) -> int:
        """That of the entry, or the one before the first entry."""
        entry = self.entry(vlsn)
        return entry.fingerprint if entry else self.base

    def append(self, type: int, payload: bytes) -> Entry:
        before = self.entries[-1] if self.entries else None
        lsn = before.lsn + ENTRY_OVERHEAD + len(before.payload) if before else self.start_lsn
        seed = self.fingerprint_at(self.last)
        fingerprint = next_fingerprint(seed, type, payload)
        entry = Entry(self.last + 1, type, payload, lsn, fingerprint)
        self.entries.append(entry)
        if entry.is_sync:
            self.syncs.append(entry.vlsn)
        self._wake()
        return entry

    def _wake(self) -> None:
        """Wakes everyone who waits for `changed`; the next change is another event."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def rollback(self, to: int) -> list[Entry]:
        """Removes everything above `to`, after archiving it, and returns it."""
        kept = max(0, to - self.start + 1)
        removed = self.entries[kept:]
        if removed:
            self._archive(removed)
        del self.entries[kept:]
        del self.syncs[bisect_right(self.syncs, to) :]
        if to == 0:
            self._reset(first=1, lsn=0, base=0)
        return removed

    def _archive(self, entries: list[Entry]) -> None:
        if self.archives is None:
            return
        self.archived += 1
        with open(os.path.join(self.archives, f"{self.archived}.jsonl"), "w") as file:
            write_json_lines(file, entries)
            file.flush()
            os.fsync(file.fileno())

    def snapshot(self) -> bytes:
        writer = Writer(LITTLE)
        writer.uint(SNAPSHOT_MAGIC, 4)
        writer.uint(1, 1)  # version
        writer.uint(0, 1)  # chained fingerprints
        writer.uint(0, 2)
        for number in (self.start, self.last, self.start_lsn, self.base, self.durable):
            writer.uint(number, 8)
        writer.raw(write_entries((entry.type, entry.payload) for entry in self.entries))
        writer.uint(self.fingerprint_at(self.last), 8)
        return bytes(writer.bytes)

    def restore(self, snapshot: bytes) -> None:
        """Replaces the log by a snapshot once the whole snapshot has proved right."""
        reader = Reader(snapshot, LITTLE)
        if (reader.uint(4), reader.uint(1), reader.uint(1), reader.uint(2)) != (
            SNAPSHOT_MAGIC,
            1,
            0,
            0,
        ):
            raise ProtocolError("not a snapshot of chained entries")
        first, last, lsn, base, durable = (reader.uint(8) for _ in range(5))
        copy = Log()
        copy._reset(first, lsn, base)
        for _ in range(first, last + 1):
            copy.append(*read_entry(reader))
        if reader.uint(8) != copy.fingerprint_at(last):
            raise ProtocolError("a snapshot with a wrong fingerprint")
        reader.end()
        if self.entries:
            self._archive(self.entries)
        self._reset(first, lsn, base)
        self.entries, self.syncs = copy.entries, copy.syncs
        self.durable = max(self.durable, durable)
        self._wake()


def next_fingerprint(before: int, type: int, payload: bytes) -> int:
    return xxh64(write_entries([(type, payload)]), before)


def write_json_lines(file, entries) -> None:
    for entry in entries:
        line = {"vlsn": entry.vlsn, "type": entry.type, "payload": entry.payload.hex()}
        file.write(json.dumps(line) + "\n")


def read_json_lines(path: str, log: Log) -> None:
    with open(path) as file:
        for line in file:
            entry = json.loads(line)
            log.append(entry["type"], bytes.fromhex(entry["payload"]))
