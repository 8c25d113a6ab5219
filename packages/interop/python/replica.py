"""A replica: makes its log equal to a feeder's, and keeps it so. The document: "Streams"."""

import asyncio
import random
from bisect import bisect_right

from connection import Closed, Connection, PeerGoodbye, Refused, dial
from log import Entry, Log, next_fingerprint, read_json_lines, write_json_lines
from messages import CHAINED, HEARTBEATS, RESTORE, VERSION, read_entry
from packets import label_tag
from wire import LITTLE, ProtocolError, Reader
from xxh64 import xxh64

SERVICE = "shoal/log"
IDLE_TIMEOUT = 10
HEARTBEAT_INTERVAL = 1
FIRST_RETRY, LAST_RETRY = 0.1, 10
# version, label, restoreUnavailable: another attempt would end in the same way.
FINAL = {2, 3, 7}


class Transfer:
    """A copy of the feeder's log that is on its way."""

    def __init__(self, snapshot: int, size: int):
        self.snapshot = snapshot
        self.size = size
        self.data = bytearray()


class Replica:
    """Follows one feeder. `report(event, **fields)` is called."""

    def __init__(self, log: Log, options, report):
        self.log = log
        self.options = options
        self.report = report
        self.term = options.term
        self.transfer: Transfer | None = None
        self.break_at = options.break_after

    async def run(self) -> None:
        """Connects again and again, until a goodbye that is final or the entry `--until`."""
        wait = FIRST_RETRY
        while True:
            try:
                await self._attempt()
                return
            except PeerGoodbye as error:
                self.report("goodbye", code=error.code, reason=str(error))
                if error.code in FINAL:
                    return
            except (OSError, TimeoutError, ProtocolError, Closed) as error:
                self.report("disconnected", reason=str(error) or type(error).__name__)
                if isinstance(error, Refused):
                    return
            await asyncio.sleep(wait * (0.5 + random.random() / 2))
            wait = min(LAST_RETRY, wait * 2)

    async def _attempt(self) -> None:
        service = SERVICE if self.options.nodes else None
        connection = await dial(self.options.connect, service)
        try:
            welcome = await self._greet(connection)
            start = await self._sync_up(connection, welcome)
            self.report("streaming", startVlsn=start)
            await self._follow(connection, start, bool(welcome.features & CHAINED))
        except BaseException as error:
            connection.goodbye(error)
            raise
        finally:
            await connection.close()

    async def _greet(self, connection: Connection):
        features = RESTORE | HEARTBEATS | (0 if self.options.unchained else CHAINED)
        label = label_tag(self.options.label)
        connection.send(
            "Hello",
            versionMin=VERSION,
            versionMax=VERSION,
            features=features,
            label=label,
            term=self.term,
            name=self.options.name,
        )
        welcome = await connection.expect("Welcome")
        if welcome.version != VERSION:
            raise Refused("version", f"version {welcome.version}")
        if welcome.features & ~features or welcome.first > welcome.last + 1:
            raise ProtocolError("a welcome that contradicts the hello or itself")
        if welcome.label != label:
            raise Refused("label", "a feeder of another cluster")
        if welcome.term < self.term:
            raise Refused("staleTerm", f"term {welcome.term}, but {self.term} is known")
        if welcome.last < self.log.durable:
            raise Refused("refused", f"the feeder lacks durable entries above {welcome.last}")
        self.term = welcome.term
        return welcome

    # Syncup

    async def _sync_up(self, connection: Connection, welcome) -> int:
        """Makes the log a prefix of the feeder's. Returns the VLSN at which the stream starts."""
        feeder_last = welcome.last
        if self.transfer is not None:
            connection.send(
                "RestoreResume", snapshot=self.transfer.snapshot, offset=len(self.transfer.data)
            )
            feeder_last = await self._restore(connection)
        while True:
            matchpoint, tried = await self._search(connection, feeder_last)
            if matchpoint == 0 and self.log.has_transaction_ends:
                feeder_last = await self._request_restore(connection, tried)
                continue
            if matchpoint == 0 and feeder_last > 0:
                connection.send("EntryRequest", vlsn=1)
                answer = await connection.expect("Entry", "EntryNotFound")
                if answer.type == "EntryNotFound":
                    feeder_last = await self._request_restore(connection, 1)
                    continue
            self._roll_back(matchpoint)
            connection.send("StartStream", startVlsn=matchpoint + 1)
            return matchpoint + 1

    async def _search(self, connection: Connection, feeder_last: int) -> tuple[int, int]:
        """The matchpoint, 0 if there is none, and the last VLSN that was tried.

        Below a match all sync points match: double the distance until one does, then bisect.
        """
        syncs = self.log.syncs
        low, high, step = -1, len(syncs), 1
        matchpoint, tried = 0, 1
        bisecting = False
        while feeder_last > 0 and high - low > 1:
            index = (low + high) // 2 if bisecting or high - step <= low else high - step
            step *= 2
            tried = syncs[index]
            connection.send("EntryRequest", vlsn=tried)
            answer = await connection.expect("Entry", "EntryNotFound", "AlternateMatchpoint")
            own = self.log.entry(tried)
            if answer.type == "AlternateMatchpoint":
                if not answer.isSync or not 1 <= answer.vlsn < tried:
                    raise ProtocolError("an alternate that is not a sync point below the request")
                high = min(index, bisect_right(syncs, answer.vlsn))
                step = 1
            elif answer.type == "EntryNotFound":
                # The feeder's log ends below it, or begins above it.
                if tried > feeder_last:
                    high = index
                else:
                    low, bisecting = index, True
            elif answer.vlsn != tried:
                raise ProtocolError(f"the entry at {answer.vlsn}, not at {tried}")
            elif answer.isSync and (answer.lsn, answer.fingerprint) == (own.lsn, own.fingerprint):
                low, bisecting, matchpoint = index, True, tried
            else:
                high = index
        return matchpoint, tried

    def _roll_back(self, matchpoint: int) -> None:
        if self.log.last <= matchpoint:
            return
        if matchpoint < self.log.durable:
            raise Refused("refused", f"entries up to {self.log.durable} are durable")
        removed: list[Entry] = self.log.rollback(matchpoint)
        span = {"first": removed[0].vlsn, "last": removed[-1].vlsn} if removed else {}
        self.report("rollback", matchpoint=matchpoint, **span)

    # Restore

    async def _request_restore(self, connection: Connection, tried: int) -> int:
        connection.send("RestoreRequest", failedVlsn=tried)
        await connection.expect("RestoreResponse")
        return await self._restore(connection)

    async def _restore(self, connection: Connection) -> int:
        """Replaces the log by a copy of the feeder's. Returns the last VLSN of the copy."""
        begin = await connection.expect("RestoreBegin")
        transfer = self.transfer
        if transfer is None or (begin.snapshot, begin.offset) != (
            transfer.snapshot,
            len(transfer.data),
        ):
            if begin.offset != 0:
                raise ProtocolError(f"a new snapshot from byte {begin.offset} on")
            transfer = self.transfer = Transfer(begin.snapshot, begin.size)
        self.report("restoring", offset=begin.offset, size=begin.size)
        while True:
            message = await connection.expect("RestoreChunk", "RestoreEnd", "Heartbeat")
            if message.type == "RestoreEnd":
                break
            if message.type == "Heartbeat":
                continue
            position = len(transfer.data)
            if message.offset != position or position + len(message.bytes) > transfer.size:
                raise ProtocolError(f"a chunk at {message.offset}, not at {position}")
            transfer.data += message.bytes
            if self.break_at and len(transfer.data) >= self.break_at:
                self.break_at = 0
                connection.abort()
                raise ConnectionResetError("broken off on purpose")
        self.transfer = None
        data = bytes(transfer.data)
        if message.size != len(data) or message.digest != xxh64(data):
            raise ProtocolError("a damaged snapshot")
        self.log.restore(data)
        self.report("restored", first=self.log.first, last=self.log.last)
        return begin.last

    # Stream

    async def _follow(self, connection: Connection, start: int, chained: bool) -> None:
        """Appends what the feeder sends until `--until`, acknowledging it."""
        acks = asyncio.create_task(self._acknowledge(connection))
        wanted = "ChainedEntries" if chained else "Entries"
        until = self.options.until
        try:
            while until is None or self.log.last < until:
                message = await connection.expect(wanted, "Heartbeat", silence=IDLE_TIMEOUT)
                if message.type == "Heartbeat":
                    self._take_heartbeat(message)
                    continue
                if message.firstVlsn != self.log.last + 1:
                    raise ProtocolError(f"a gap or a repeat at {message.firstVlsn}")
                if chained:
                    entries = await self._take_chained(connection, message)
                else:
                    entries = message.entries
                for kind, payload in entries:
                    self.log.append(kind, payload)
                connection.send("Ack", vlsn=self.log.last)
                self.report("applied", last=self.log.last)
        finally:
            acks.cancel()

    async def _take_chained(self, connection: Connection, message) -> list[tuple[int, bytes]]:
        reader = Reader(await connection.frame(IDLE_TIMEOUT), LITTLE)
        entries = []
        fingerprint = self.log.fingerprint_at(self.log.last)
        if message.count == 0:
            raise ProtocolError("a count of 0")
        for _ in range(message.count):
            kind, payload = read_entry(reader)
            fingerprint = next_fingerprint(fingerprint, kind, payload)
            entries.append((kind, payload))
        reader.end()
        if fingerprint != message.fingerprint:
            raise ProtocolError(f"a wrong fingerprint after {message.firstVlsn}")
        return entries

    async def _acknowledge(self, connection: Connection) -> None:
        while True:
            connection.send("Ack", vlsn=self.log.last)
            await asyncio.sleep(HEARTBEAT_INTERVAL)

    def _take_heartbeat(self, heartbeat) -> None:
        if heartbeat.term != self.term:
            raise ProtocolError(f"the feeder's term changed to {heartbeat.term}")
        self.log.durable = max(self.log.durable, min(heartbeat.durable, self.log.last))
        self.report("heartbeat", last=heartbeat.last, durable=heartbeat.durable)


def add_options(parser) -> None:
    parser.add_argument("--connect", required=True, help="the address of the feeder")
    parser.add_argument("--log", help="a file with entries to begin with, as JSON lines")
    parser.add_argument("--archives", help="a folder for what rollbacks remove")
    parser.add_argument("--name", default="", help="under which acknowledgements are counted")
    parser.add_argument("--label", default="")
    parser.add_argument("--term", type=int, default=0, help="the highest term that is known")
    parser.add_argument("--until", type=int, help="end once this VLSN is applied")
    parser.add_argument("--out", help="a file for the log at the end, as JSON lines")
    parser.add_argument("--unchained", action="store_true", help="ask for Entries with checksums")
    parser.add_argument("--durable", type=int, default=0, help="the last VLSN known to be durable")
    parser.add_argument("--break-after", type=int, default=0, help="cut a restore once, in bytes")


async def run(options, report) -> None:
    log = Log(options.archives)
    if options.log:
        read_json_lines(options.log, log)
    log.durable = options.durable
    await Replica(log, options, report).run()
    if options.out:
        with open(options.out, "w") as file:
            write_json_lines(file, log.entries)
    report("end", first=log.first, last=log.last)
