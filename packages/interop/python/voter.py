"""A voter that never campaigns: grants votes, follows the leader, and acknowledges what it holds. The
document: "Consensus"."""

import asyncio
import secrets

import consensus
import replica
from connection import Closed, Connection, dial
from log import Log
from packets import label_tag
from wire import ProtocolError

MARK = 3
TERM_STEP = 2**44
LEADER_SILENCE = 1
RETRY = 0.2


class Voter:
    """The vote and the log of one node, in memory. It knows one other node, which it dials."""

    def __init__(self, options, report):
        self.options = options
        self.report = report
        self.log = Log(options.archives)
        self.store_id = secrets.token_bytes(consensus.ID)
        self.voted_term = 0
        # Whom it has voted for in that term, and in which life of the candidate.
        self.voted_for: tuple[str, bytes] | None = None
        self.following: asyncio.Task | None = None
        self.heard_at: float | None = None
        self.matched = False
        self.connection: Connection | None = None

    async def run(self) -> None:
        """Connects again and again."""
        while True:
            try:
                await self._attempt()
            except (OSError, TimeoutError, ProtocolError, Closed) as error:
                self.report("disconnected", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY)

    async def _attempt(self) -> None:
        self.connection = await dial(self.options.connect, consensus.SERVICE)
        try:
            label = label_tag(self.options.label)
            self._send("hello", label=label, from_=self.options.name, to=self.options.to)
            while True:
                silence = replica.IDLE_TIMEOUT
                frame = await self.connection.frame(silence, consensus.MAX_FRAME)
                await self._receive(consensus.decode(frame))
        finally:
            self.connection.abort()

    def _send(self, message: str, **fields) -> None:
        self.connection.send_frame(consensus.encode(message, **fields))

    async def _receive(self, message) -> None:
        if message.type == "preVoteRequest":
            self._answer_pre_vote(message)
        elif message.type == "voteRequest":
            await self._answer_vote(message)
        elif message.type == "heartbeat":
            await self._take_heartbeat(message)

    def _answer_pre_vote(self, request) -> None:
        now = asyncio.get_running_loop().time()
        hears_leader = self.heard_at is not None and now - self.heard_at < LEADER_SILENCE
        granted = self._why_refuse(request) is None and request.term > self.voted_term
        term, _, voters = self._last_mark()
        self._send(
            "preVoteReply",
            term=request.term,
            granted=granted and not hears_leader,
            votedTerm=self.voted_term,
            lastTerm=term,
            last=self.log.last,
            voters=voters,
        )

    async def _answer_vote(self, request) -> None:
        reason = self._why_refuse(request)
        if reason is not None:
            return self._refuse(request.term, reason)
        candidate = (self.options.to, request.life)
        if request.term < self.voted_term:
            return self._refuse(request.term, consensus.VOTED)
        if request.term == self.voted_term and self.voted_for != candidate:
            return self._refuse(request.term, consensus.VOTED)
        await self._enter(request.term)
        self.voted_for = candidate
        term, _, _ = self._last_mark()
        self._send(
            "grant",
            term=request.term,
            life=request.life,
            storeId=self.store_id,
            lastTerm=term,
            last=self.log.last,
        )
        self.report("granted", term=request.term)

    async def _take_heartbeat(self, heartbeat) -> None:
        reason = self._why_refuse(heartbeat)
        if reason is not None:
            return self._refuse(heartbeat.term, reason)
        if heartbeat.term < self.voted_term:
            return self._refuse(heartbeat.term, consensus.VOTED)
        await self._enter(heartbeat.term)
        self.voted_for = None
        self.heard_at = asyncio.get_running_loop().time()
        if self.following is None:
            self.options.term = heartbeat.term
            following = replica.Replica(self.log, self.options, self._take_report)
            self.following = asyncio.create_task(following.run())
        self._acknowledge()

    def _take_report(self, event: str, **fields) -> None:
        if event == "streaming":
            self.matched = True
        if event in ("streaming", "applied"):
            self._acknowledge()
        self.report(event, **fields)

    def _acknowledge(self) -> None:
        index = self.log.last if self.matched else 0
        self._send(
            "acknowledgement", term=self.voted_term, storeId=self.store_id, index=index
        )

    def _refuse(self, term: int, reason: int) -> None:
        voted = self.voted_term
        self._send("refusal", term=term, reason=reason, votedTerm=voted, storeId=self.store_id)

    async def _enter(self, term: int) -> None:
        """Votes in a term: nothing of a lower one is taken or acknowledged from here on."""
        if term == self.voted_term:
            return
        self.voted_term = term
        self.voted_for = None
        self.matched = False
        if self.following is not None:
            self.following.cancel()
            await asyncio.gather(self.following, return_exceptions=True)
            self.following = None

    def _why_refuse(self, message) -> int | None:
        if self.voted_term > 0 and message.term > self.voted_term + TERM_STEP:
            return consensus.IMPOSSIBLE_TERM
        _, log_id, _ = self._last_mark()
        if log_id is not None and message.logId is not None and message.logId != log_id:
            return consensus.OTHER_LOG
        return None

    def _last_mark(self) -> tuple[int, bytes | None, list[tuple[str, bytes]]]:
        for entry in reversed(self.log.entries):
            mark = consensus.read_mark(entry.payload) if entry.type == MARK else None
            if mark is not None:
                return mark
        return 0, None, []


def add_options(parser) -> None:
    replica.add_options(parser)
    parser.add_argument("--to", required=True, help="the name of the node at --connect")


async def run(options, report) -> None:
    options.nodes = True
    await Voter(options, report).run()
