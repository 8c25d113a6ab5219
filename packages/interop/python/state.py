"""What a member believes about the others. The document: "Updates", "Suspicion", "Digest"."""

import math
import random
from dataclasses import dataclass, field, replace

from packets import ALIVE, DOWN, SUSPECT, Identity, Update, member_bytes

MASK = 2**32 - 1
FURTHER_SUSPECTORS = 2  # K
MAX_UPDATE_BYTES = 900
# The least lead in incarnation with which an update wins, by the known state and its own.
LEAD = {
    (ALIVE, ALIVE): 1,
    (ALIVE, SUSPECT): 0,
    (SUSPECT, ALIVE): 1,
    (SUSPECT, SUSPECT): 1,
}
# A member that came up less than so many seconds ago may not know the others.
NEW_FOR = 10
MAX_FEEDS = 8


@dataclass
class Record:
    """One member."""

    update: Update
    suspectors: list[str] = field(default_factory=list)
    up_at: float = 0
    suspected_at: float = 0
    down_at: float = 0

    @property
    def active(self) -> bool:
        return self.update.state != DOWN


class State:
    """The table of the other members, and the queue of updates about them."""

    def __init__(self, own_address: str, config, report):
        self.own_address = own_address
        self.config = config
        self.report = report
        self.records: dict[str, Record] = {}
        # How often each queued update was sent, by address.
        self.queue: dict[str, list] = {}

    def active(self) -> list[Identity]:
        return [record.update.id for record in self.records.values() if record.active]

    def failed(self) -> list[Identity]:
        return [
            record.update.id
            for record in self.records.values()
            if not record.active and not record.update.left
        ]

    @property
    def size(self) -> int:
        return 1 + len(self.active())

    def known(self, identity: Identity) -> Record | None:
        """The record of exactly this identity."""
        record = self.records.get(identity.address)
        return record if record and record.update.id == identity else None

    def apply(self, update: Update, now: float) -> Record:
        """Applies an update about another member. Returns what is known about its address."""
        address = update.id.address
        record = self.records.get(address)
        if record is None:
            record = self.records[address] = Record(update)
            self._enter(record, DOWN, update, now)
        elif update.id != record.update.id:
            if update.id.generation > record.update.id.generation:
                before = record.update.state
                self._enter(record, before, update, now)
        elif self._wins(record.update, update):
            # Metadata belongs to the generation: keep what is known.
            self._enter(record, record.update.state, replace(update, id=record.update.id), now)
        elif not record.active and update.left and not record.update.left:
            record.update = replace(record.update, left=True)
            self.spread(record.update)
        elif record.update.state == SUSPECT == update.state:
            if update.incarnation == record.update.incarnation:
                self._add_suspector(record, update)
        return record

    @staticmethod
    def _wins(known: Update, update: Update) -> bool:
        if known.state == DOWN:
            return False
        if update.state == DOWN:
            return True
        return update.incarnation - known.incarnation >= LEAD[known.state, update.state]

    def _enter(self, record: Record, before: int, update: Update, now: float) -> None:
        record.update = update
        record.suspectors = []
        address = update.id.address
        if update.state == SUSPECT:
            record.suspected_at = now
            record.suspectors = [update.suspector] if update.suspector else []
            self.report("suspected", address=address)
        elif update.state == DOWN:
            record.down_at = now
            if before != DOWN:
                self.report("down", address=address, left=update.left)
        if before == DOWN and update.state != DOWN:
            record.up_at = now
            self.report("up", address=address, generation=update.id.generation)
        elif before == SUSPECT and update.state == ALIVE:
            self.report("refuted", address=address)
        self.spread(update)

    def _add_suspector(self, record: Record, update: Update) -> None:
        suspector = update.suspector
        if suspector is None or suspector in record.suspectors:
            return
        if suspector != self.own_address:
            other = self.records.get(suspector)
            if other is None or not other.active or suspector == update.id.address:
                return
        if len(record.suspectors) <= FURTHER_SUSPECTORS:
            record.suspectors.append(suspector)
            self.spread(update)

    # Suspicion

    def _duration(self, record: Record) -> float:
        if self.config.suspicion is not None:
            return self.config.suspicion
        least = 4 * max(1, math.log10(self.size)) * self.config.probe_period
        if self.size < 4:
            return least
        further = max(0, len(record.suspectors) - 1)
        share = math.log(further + 1) / math.log(FURTHER_SUSPECTORS + 1)
        return max(least, 6 * least - 5 * least * share)

    def expire(self, now: float) -> list[Identity]:
        """Ends what is overdue. Returns the members that were declared down just now."""
        declared = []
        for address, record in list(self.records.items()):
            update = record.update
            if update.state == SUSPECT and now >= record.suspected_at + self._duration(record):
                self.apply(Update(update.id, update.incarnation, DOWN), now)
                declared.append(update.id)
            elif not record.active and now >= record.down_at + self.config.remove_down_after:
                del self.records[address]
        return declared

    # Dissemination

    def spread(self, update: Update) -> None:
        self.queue[update.id.address] = [0, update]

    def take_updates(self, first: Update | None = None) -> tuple[Update, ...]:
        """Updates for a packet, those sent least often first, after `first`."""
        chosen = [first] if first else []
        room = MAX_UPDATE_BYTES - sum(len(member_bytes(update)) for update in chosen)
        limit = max(3, math.floor(4 * math.log10(self.size + 1)))
        for address, item in sorted(self.queue.items(), key=lambda each: each[1][0]):
            size = len(member_bytes(item[1]))
            if size > room:
                continue
            room -= size
            chosen.append(item[1])
            item[0] += 1
            if item[0] >= limit:
                del self.queue[address]
        return tuple(chosen)

    def feeds(self, asker: Identity, now: float) -> list[tuple[Update, ...]]:
        """Active members but the one that asks, in one packet, or in several for a newcomer."""
        updates = [record.update for record in self.records.values() if record.active]
        updates = [update for update in updates if update.id.address != asker.address]
        random.shuffle(updates)
        is_newcomer = now - self.records[asker.address].up_at < NEW_FOR
        packets = [[]]
        room = MAX_UPDATE_BYTES
        for update in updates:
            size = len(member_bytes(update))
            if size > room:
                packets.append([])
                room = MAX_UPDATE_BYTES
            room -= size
            packets[-1].append(update)
        return [tuple(packet) for packet in packets[: MAX_FEEDS if is_newcomer else 1]]


def digest(active: list[Update]) -> int:
    """The digest of active members, among them the one that computes it."""
    low = high = 0
    for update in active:
        data = member_bytes(Update(update.id, update.incarnation, ALIVE))
        low += _hash(data, 0x811C9DC5)
        high += _hash(data, 0x9747B28C)
    return (high & MASK) << 32 | low & MASK


def _hash(data: bytes, seed: int) -> int:
    h = seed
    for byte in data:
        h = (h ^ byte) * 0x01000193 & MASK
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16
