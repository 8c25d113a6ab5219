"""Probes of one member after another, and probes on behalf of others. The document: "Probing"."""

import random
from dataclasses import dataclass, field

from packets import DOWN, SUSPECT, Identity, Update

# The share of the rest of the period after which a helper gives up.
NACK_AT = 0.8
MAX_NACKS = 64


@dataclass
class Probe:
    target: Identity
    incarnation: int
    number: int
    overdue_at: float
    asked: bool = False
    answered: bool = False


@dataclass
class Nack:
    due: float
    prober: Identity = field(compare=False)
    target: Identity = field(compare=False)
    number: int = field(compare=False)


class Prober:
    """Finds out which members do not answer."""

    def __init__(self, member):
        self.member = member
        self.probe: Probe | None = None
        self.next_probe = 0.0
        self.number = 0
        self.round: list[Identity] = []
        self.nacks: list[Nack] = []
        # Called with the target and the number of a probe that is overdue.
        self.on_overdue = lambda target, number: None

    def next_number(self) -> int:
        self.number = (self.number + 1) % 2**32
        return self.number

    def cancel(self) -> None:
        self.probe = None
        self.nacks.clear()

    def tick(self, now: float) -> None:
        for nack in [nack for nack in self.nacks if now >= nack.due]:
            self.nacks.remove(nack)
            self.member.send(nack.prober, "nack", nack.number, nack.target)
            self.member.report("nack", address=nack.target.address)
        probe = self.probe
        if probe and not probe.asked and not probe.answered and now >= probe.overdue_at:
            probe.asked = True
            for helper in self.member.some(self.member.config.indirect_probes, but=probe.target):
                self.member.send(helper, "pingReq", probe.number, probe.target)
            self.on_overdue(probe.target, probe.number)
        if now >= self.next_probe:
            self.next_probe = now + self.member.config.probe_period
            self._conclude(now)
            self._begin(now)

    def _begin(self, now: float) -> None:
        target = self._next_target()
        if target is None:
            return
        update = self.member.state.known(target).update
        self.probe = Probe(
            target,
            update.incarnation,
            self.next_number(),
            now + self.member.config.probe_timeout,
        )
        first = update if update.state == SUSPECT else None
        self.member.send(target, "ping", self.probe.number, first=first)

    def _next_target(self) -> Identity | None:
        active = self.member.state.active()
        self.round = [identity for identity in self.round if identity in active]
        if not self.round:
            self.round = active
            random.shuffle(self.round)
        return self.round.pop() if self.round else None

    def _conclude(self, now: float) -> None:
        probe, self.probe = self.probe, None
        if probe is None or probe.answered:
            return
        record = self.member.state.known(probe.target)
        if record is None or not record.active:
            return
        self.member.report("probeFailed", address=probe.target.address)
        suspector = self.member.identity.address
        update = Update(probe.target, probe.incarnation, SUSPECT, suspector=suspector)
        self.member.state.apply(update, now)

    def on_answer(self, target: Identity, number: int, how: str) -> None:
        probe = self.probe
        if probe and probe.number == number and probe.target == target and not probe.answered:
            probe.answered = True
            if how == "direct":
                self.member.outbox.proved.add(target)
            self.member.report("probe", address=target.address, outcome=how)

    def on_request(self, prober: Identity, target: Identity, number: int) -> None:
        member = self.member
        record = member.state.records.get(target.address)
        if record is None:
            member.outbox.answer(prober, "nack", number, target)
            return
        known = record.update
        replaced = known.id.generation > target.generation
        if replaced or (known.id == target and known.state == DOWN):
            member.outbox.answer(prober, "gossip", first=known)
            return
        member.outbox.answer(target, "indirectPing", number, prober)
        if len(self.nacks) < MAX_NACKS:
            config = member.config
            due = member.now + NACK_AT * (config.probe_period - config.probe_timeout)
            self.nacks.append(Nack(due, prober, target, number))

    def on_indirect_ack(self, target: Identity, prober: Identity, number: int) -> None:
        self.member.outbox.answer(prober, "forwardedAck", number, target)
        self.member.report("helped", address=target.address)
        self.nacks = [
            nack
            for nack in self.nacks
            if (nack.number, nack.target, nack.prober) != (number, target, prober)
        ]
