"""State exchanges and pings over streams. The document: "State exchange"."""

import asyncio

from connection import Closed, Connection, PeerGoodbye, Refused, dial
from messages import MAX_STATE_MESSAGE, VERSION
from packets import ALIVE, Identity, Update, member_bytes
from wire import ProtocolError

SERVICE = "shoal/membership"
TIMEOUT = 10
MAX_MEMBERS = 262_144


class Exchange:
    """Holds conversations for a member. In a cluster of nodes, streams begin with a service."""

    def __init__(self, member, in_nodes: bool):
        self.member = member
        self.service = SERVICE if in_nodes else None

    # Initiator

    async def exchange(self, address: str) -> None:
        """Compares states with the member at an address. Never raises."""
        try:
            await asyncio.wait_for(self._exchange(address), TIMEOUT)
        except (OSError, TimeoutError, ProtocolError, Closed, PeerGoodbye) as error:
            self.member.report("exchangeFailed", address=address, reason=str(error))

    async def _exchange(self, address: str) -> None:
        connection = await dial(address, self.service)
        try:
            digest = self.member.digest()
            connection.send("StateRequest", label=self.member.codec.tag, digest=digest)
            reply = await connection.expect("StateReply", limit=MAX_STATE_MESSAGE)
            if reply.digest != digest:
                await self._take_members(connection)
                self._send_members(connection)
            outcome = "equal" if reply.digest == digest else "merged"
            self.member.report("exchange", address=address, outcome=outcome, side="initiator")
        except BaseException as error:
            connection.goodbye(error)
            raise
        finally:
            await connection.close()

    async def ping(self, target: Identity, timeout: float) -> Update | None:
        """The member that answers at an address, if one does."""
        try:
            return await asyncio.wait_for(self._ping(target.address), timeout)
        except (OSError, TimeoutError, ProtocolError, Closed, PeerGoodbye):
            return None

    async def _ping(self, address: str) -> Update:
        connection = await dial(address, self.service)
        try:
            connection.send("StreamPing", label=self.member.codec.tag)
            pong = await connection.expect("StreamPong", limit=MAX_STATE_MESSAGE)
            if pong.member.state != ALIVE:
                raise ProtocolError("a pong from a member that is not alive")
            return pong.member
        finally:
            await connection.close()

    # Responder

    async def serve(self, reader, writer) -> None:
        connection = Connection(reader, writer)
        try:
            await asyncio.wait_for(self._serve(connection), TIMEOUT)
        except (OSError, TimeoutError, ProtocolError, Closed, PeerGoodbye) as error:
            self.member.report("exchangeFailed", reason=str(error))
            connection.goodbye(error)
        await connection.close()

    async def _serve(self, connection: Connection) -> None:
        if self.service is not None:
            name = await connection.frame(limit=256)
            if name.decode("utf-8", "replace") != self.service:
                connection.abort()
                return
        request = await connection.expect("StateRequest", "StreamPing", limit=MAX_STATE_MESSAGE)
        if request.version != VERSION:
            raise Refused("version", f"version {request.version}")
        if request.label != self.member.codec.tag:
            raise Refused("label", "a stream of another cluster")
        if self.member.status != "active":
            raise Refused("shutdown", "this member has left")
        if request.type == "StreamPing":
            connection.send("StreamPong", member=self.member.self_update())
            self.member.report("streamPing")
            return
        digest = self.member.digest()
        connection.send("StateReply", digest=digest)
        if request.digest != digest:
            self._send_members(connection)
            await self._take_members(connection)
        outcome = "equal" if request.digest == digest else "merged"
        self.member.report("exchange", outcome=outcome, side="responder")

    # Both

    def _send_members(self, connection: Connection) -> None:
        everyone = self.member.everyone()
        batch, size = [], 3
        for update in everyone:
            length = len(member_bytes(update))
            if size + length > MAX_STATE_MESSAGE:
                connection.send("Members", members=batch)
                batch, size = [], 3
            batch.append(update)
            size += length
        connection.send("Members", members=batch)
        connection.send("MembersEnd", total=len(everyone))

    async def _take_members(self, connection: Connection) -> None:
        total = 0
        while True:
            message = await connection.expect("Members", "MembersEnd", limit=MAX_STATE_MESSAGE)
            if message.type == "MembersEnd":
                if message.total != total:
                    raise ProtocolError(f"{total} members, not {message.total}")
                return
            total += len(message.members)
            if total > MAX_MEMBERS + 1:
                raise ProtocolError("too many members")
            self.member.merge(message.members)
