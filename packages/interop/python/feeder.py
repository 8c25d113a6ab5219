"""A feeder: answers requests, streams its log, and sends copies of it. The document: "Streams"."""

import asyncio
import time

from connection import STEP_TIMEOUT, Closed, Connection, PeerGoodbye, Refused, split_address
from log import Log, read_json_lines
from messages import CHAINED, HEARTBEATS, RESTORE, VERSION, write_entries
from packets import label_tag
from replica import HEARTBEAT_INTERVAL, IDLE_TIMEOUT, SERVICE
from wire import ProtocolError
from xxh64 import xxh64

BATCH_BYTES = 512 * 1024
BATCH_ENTRIES = 4096
CHUNK = 16 * 1024
RESTORE_GRACE = 300
MAX_RESTORES = 2


class Feeder:
    """Serves a log to replicas. `report(event, **fields)` is called."""

    def __init__(self, log: Log, options, report):
        self.log = log
        self.options = options
        self.report = report
        self.label = label_tag(options.label)
        self.restores = 0
        self.break_at = options.break_after
        # By number: the copy, its last VLSN, and when it was made.
        self.snapshots: dict[int, tuple[bytes, int, float]] = {}

    async def serve(self, reader, writer) -> None:
        connection = Connection(reader, writer)
        try:
            await self._serve(connection)
        except (OSError, TimeoutError, ProtocolError, Closed, PeerGoodbye) as error:
            self.report("disconnected", reason=str(error) or type(error).__name__)
            connection.goodbye(error)
        await connection.close()

    async def _serve(self, connection: Connection) -> None:
        if self.options.nodes:
            if (await connection.frame(limit=256)).decode("utf-8", "replace") != SERVICE:
                connection.abort()
                return
        hello = await connection.expect("Hello")
        features = self._greet(connection, hello)
        start = await self._sync_up(connection, features)
        if not max(1, self.log.first) <= start <= self.log.last + 1:
            raise Refused("logChanged", f"the stream cannot start at {start}")
        self.report("streaming", replica=hello.name, startVlsn=start)
        await self._stream(connection, hello.name, start, bool(features & CHAINED))

    def _greet(self, connection: Connection, hello) -> int:
        if not hello.versionMin <= VERSION <= hello.versionMax:
            raise Refused("version", f"versions {hello.versionMin} to {hello.versionMax}")
        if hello.label != self.label:
            raise Refused("label", "a replica of another cluster")
        if hello.term > self.options.term:
            raise Refused("staleTerm", f"the replica knows term {hello.term}")
        features = (RESTORE | HEARTBEATS | CHAINED) & hello.features
        connection.send(
            "Welcome",
            features=features,
            label=self.label,
            term=self.options.term,
            first=self.log.first,
            last=self.log.last,
        )
        return features

    # Syncup

    async def _sync_up(self, connection: Connection, features: int) -> int:
        """Answers requests. Returns the VLSN at which the stream starts."""
        first_answer = first_message = True
        while True:
            message = await connection.next()
            match message.type:
                case "Heartbeat":  # the replica is busy
                    continue
                case "EntryRequest" if message.vlsn >= 1:
                    self._answer(connection, message.vlsn, first_answer)
                    first_answer = False
                case "StartStream" if message.startVlsn >= 1:
                    return message.startVlsn
                case "RestoreRequest":
                    connection.send("RestoreResponse")
                    await self._restore(connection, features)
                    first_answer = True
                case "RestoreResume" if first_message:
                    await self._restore(connection, features, message)
                case _:
                    raise ProtocolError(f"unexpected {message.type}")
            first_message = False

    def _answer(self, connection: Connection, vlsn: int, first: bool) -> None:
        entry, message = self.log.entry(vlsn), "Entry"
        if entry is None and first and vlsn > self.log.last and self.log.last_sync:
            entry, message = self.log.entry(self.log.last_sync), "AlternateMatchpoint"
        if entry is None:
            connection.send("EntryNotFound")
            return
        connection.send(
            message,
            vlsn=entry.vlsn,
            lsn=entry.lsn,
            fingerprint=entry.fingerprint,
            isSync=entry.is_sync,
        )

    # Restore

    async def _restore(self, connection: Connection, features: int, resume=None) -> None:
        if not features & RESTORE:
            raise Refused("restoreUnavailable", "the replica takes no copies")
        if self.restores >= MAX_RESTORES:
            raise Refused("overload", "enough copies are being sent already")
        self.restores += 1
        try:
            await self._send_snapshot(connection, resume)
        finally:
            self.restores -= 1

    async def _send_snapshot(self, connection: Connection, resume) -> None:
        now = time.monotonic()
        for number, (_, _, made) in list(self.snapshots.items()):
            if now - made > RESTORE_GRACE:
                del self.snapshots[number]
        offset = 0
        if resume and resume.snapshot in self.snapshots:
            number = resume.snapshot
            if resume.offset <= len(self.snapshots[number][0]):
                offset = resume.offset
        else:
            data = self.log.snapshot()
            number = xxh64(data) or 1
            self.snapshots[number] = data, self.log.last, now
        data, last, _ = self.snapshots[number]
        self.report("restore", offset=offset, size=len(data))
        connection.send("RestoreBegin", snapshot=number, size=len(data), offset=offset, last=last)
        for at in range(offset, len(data), CHUNK):
            if self.break_at and at >= self.break_at:
                self.break_at = 0
                # Let what was sent arrive: a reset could overtake it.
                await asyncio.sleep(0.2)
                connection.abort()
                raise ConnectionResetError("broken off on purpose")
            connection.send("RestoreChunk", offset=at, bytes=data[at : at + CHUNK])
            await connection.drain(STEP_TIMEOUT)
        connection.send("RestoreEnd", size=len(data), digest=xxh64(data))

    # Stream

    async def _stream(self, connection: Connection, name: str, start: int, chained: bool) -> None:
        """Sends the log from `start` on, and what is appended to it, until the connection ends."""
        connection.sent_vlsn = start - 1
        works = [
            asyncio.create_task(self._send_entries(connection, start, chained)),
            asyncio.create_task(self._take_acks(connection, name)),
            asyncio.create_task(self._beat(connection)),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in done:
                work.result()
        finally:
            for work in works:
                work.cancel()

    async def _send_entries(self, connection: Connection, start: int, chained: bool) -> None:
        next_vlsn = start
        while True:
            changed = self.log.changed
            batch = self._batch(next_vlsn)
            if not batch:
                await changed.wait()
                continue
            entries = [(entry.type, entry.payload) for entry in batch]
            if chained:
                connection.send(
                    "ChainedEntries",
                    fingerprint=batch[-1].fingerprint,
                    firstVlsn=next_vlsn,
                    count=len(batch),
                )
                connection.send_frame(write_entries(entries))
            else:
                connection.send("Entries", firstVlsn=next_vlsn, entries=entries)
            connection.sent_vlsn = batch[-1].vlsn
            next_vlsn = batch[-1].vlsn + 1
            await connection.drain(IDLE_TIMEOUT)

    def _batch(self, first: int) -> list:
        batch, size = [], 0
        while len(batch) < BATCH_ENTRIES:
            entry = self.log.entry(first + len(batch))
            if entry is None or (batch and size + len(entry.payload) > BATCH_BYTES):
                break
            size += len(entry.payload)
            batch.append(entry)
        return batch

    async def _take_acks(self, connection: Connection, name: str) -> None:
        acked = 0
        while True:
            message = await connection.expect("Ack", "Heartbeat", silence=IDLE_TIMEOUT)
            if message.type == "Heartbeat":
                continue
            if message.vlsn > connection.sent_vlsn:
                raise ProtocolError(f"an ack of {message.vlsn}, which was never sent")
            if message.vlsn > acked:
                acked = message.vlsn
                self.report("ack", replica=name, vlsn=acked)

    async def _beat(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            connection.send(
                "Heartbeat",
                term=self.options.term,
                last=self.log.last,
                durable=self.log.durable,
                time=int(time.time() * 1000),
            )


def add_options(parser) -> None:
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--log", help="a file with entries to begin with, as JSON lines")
    parser.add_argument("--label", default="")
    parser.add_argument("--term", type=int, default=0)
    parser.add_argument("--break-after", type=int, default=0, help="cut a restore once, in bytes")


async def run(options, report, commands) -> None:
    log = Log()
    if options.log:
        read_json_lines(options.log, log)
    feeder = Feeder(log, options, report)
    server = await asyncio.start_server(feeder.serve, *split_address(options.listen))
    host, port = server.sockets[0].getsockname()[:2]
    report("listening", address=f"{host}:{port}")
    async for command, *words in commands():
        if command == "append":
            log.append(int(words[0]), bytes.fromhex(words[1] if len(words) > 1 else ""))
