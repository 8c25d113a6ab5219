"""A member, a replica, a feeder or a voter as a program: JSON lines on stdout, commands on stdin.

    python3 peer.py member|replica|feeder|voter [options]      --help lists them
"""

import argparse
import asyncio
import json
import sys
import time

import feeder
import replica
import voter
from config import Config
from connection import split_address
from exchange import Exchange
from member import Member
from packets import Identity

TICK = 0.01
JOIN_RETRY = 0.5
EXCHANGE_PERIOD = 30


def report(event: str, **fields) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


async def commands():
    """The lines on stdin, as words."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().split()


class Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams to a member, once there is one."""

    member: Member | None = None

    def datagram_received(self, data: bytes, _address) -> None:
        if self.member is not None:
            self.member.receive(data, time.monotonic())


async def bind(address: str, serve):
    """Sockets for datagrams and for streams, at the same port."""
    host, port = split_address(address)
    loop = asyncio.get_running_loop()
    for _ in range(20):
        transport, protocol = await loop.create_datagram_endpoint(
            Datagrams, local_addr=(host, port)
        )
        found = transport.get_extra_info("sockname")[1]
        try:
            server = await asyncio.start_server(serve, host, found)
            return transport, protocol, server, f"{host}:{found}"
        except OSError:
            transport.close()
    raise OSError(f"no port at {host} is free for both datagrams and streams")


async def run_member(options) -> None:
    streams: list[Exchange] = []
    transport, protocol, server, address = await bind(
        options.bind, lambda reader, writer: streams[0].serve(reader, writer)
    )
    config = Config(
        probe_period=options.probe_period,
        probe_timeout=options.probe_timeout,
        suspicion=options.suspicion,
    )
    metadata = bytes.fromhex(options.metadata)
    member = Member(
        Identity(address, int(time.time() * 1000), metadata),
        options.label,
        config,
        lambda to, data: transport.sendto(data, split_address(to)),
        report,
    )
    exchange = Exchange(member, options.nodes)
    protocol.member = member
    streams.append(exchange)
    background: set[asyncio.Task] = set()

    def start(work) -> None:
        task = asyncio.create_task(work)
        background.add(task)
        task.add_done_callback(background.discard)

    async def ping(target: Identity, number: int) -> None:
        answer = await exchange.ping(target, config.probe_period)
        if answer is not None:
            member.apply(answer)
            if answer.id == target:
                member.prober.on_answer(target, number, "answered-by-stream")

    member.prober.on_overdue = lambda target, number: start(ping(target, number))
    report("listening", address=address, generation=member.identity.generation)
    start(join(member, exchange, options.seed))
    start(exchange_periodically(member, exchange))
    start(follow_member_commands(member, exchange))
    while member.status != "gone":
        member.tick(time.monotonic())
        await asyncio.sleep(TICK)
    server.close()
    transport.close()


async def join(member: Member, exchange: Exchange, seeds: list[str]) -> None:
    """Announces to the seeds until another member is known. Exchanges states with them once."""
    wait = JOIN_RETRY
    while seeds and not member.state.active():
        for seed in seeds:
            member.announce(seed)
        await asyncio.gather(*(exchange.exchange(seed) for seed in seeds))
        await asyncio.sleep(wait)
        wait = min(30, wait * 2)


async def exchange_periodically(member: Member, exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(EXCHANGE_PERIOD)
        for identity in member.some(1):
            await exchange.exchange(identity.address)


async def follow_member_commands(member: Member, exchange: Exchange) -> None:
    async for command, *words in commands():
        if command == "leave":
            member.leave(time.monotonic())
        elif command == "broadcast":
            member.broadcast(bytes.fromhex(words[0]))
        elif command == "exchange":
            await exchange.exchange(words[0])
        elif command == "members":
            addresses = sorted(identity.address for identity in member.state.active())
            report("members", addresses=addresses, digest=f"{member.digest():016x}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    parser_of = {
        "member": roles.add_parser("member", help="join a cluster"),
        "replica": roles.add_parser("replica", help="follow the log of a feeder"),
        "feeder": roles.add_parser("feeder", help="serve a log to replicas"),
        "voter": roles.add_parser("voter", help="vote for a node, and follow its log"),
    }
    for one in parser_of.values():
        one.add_argument("--nodes", action="store_true", help="peers are nodes: name services")
    one = parser_of["member"]
    one.add_argument("--label", default="shoal")
    one.add_argument("--bind", default="127.0.0.1:0")
    one.add_argument("--seed", action="append", default=[])
    one.add_argument("--metadata", default="", help="in hexadecimal")
    one.add_argument("--probe-period", type=float, default=Config.probe_period)
    one.add_argument("--probe-timeout", type=float, default=Config.probe_timeout)
    one.add_argument("--suspicion", type=float, help="its duration, in place of the formula")
    replica.add_options(parser_of["replica"])
    feeder.add_options(parser_of["feeder"])
    voter.add_options(parser_of["voter"])
    return parser.parse_args()


async def main() -> None:
    options = parse()
    if options.role == "member":
        await run_member(options)
    elif options.role == "replica":
        await replica.run(options, report)
    elif options.role == "voter":
        await voter.run(options, report)
    else:
        await feeder.run(options, report, commands)


if __name__ == "__main__":
    asyncio.run(main())
