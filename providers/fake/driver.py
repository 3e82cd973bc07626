"""The fake cloud as a Provider, in this process. Each method: through the gate, then to the cloud."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from providers.errors import ProviderError
from providers.fake.cloud import Cloud
from providers.fake.gate import Gate, Held
from providers.fake.knobs import Knobs, Trouble
from providers.fake.ledger import Call, Carried, Ledger
from providers.fake.making import KINDS
from providers.protocol import (
    EVERY,
    Action,
    Instruction,
    Kind,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    Spec,
    State,
)

T = TypeVar("T")


class Fake:
    """A Provider, and beside it what a test asks and sets (below `turn`). `clock` is monotonic seconds."""

    driver = "fake"
    lists = True
    immediate = EVERY

    def __init__(self, name: str, knobs: Knobs, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.ledger = Ledger()
        self.cloud = Cloud(knobs, self.ledger, clock)
        self._gate = Gate(name, self.ledger, clock)
        self.turn_knobs(knobs)

    def check(self, *, deadline: float) -> Sequence[Problem]:
        return self._run(Call("check"), deadline, lambda: self.cloud.knobs.problems)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        return self._run(Call("offers"), deadline, self.cloud.offers)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        call = Call("create", KINDS[type(spec)], spec.name, token=token)
        return self._run(call, deadline, lambda: self.cloud.create(spec, token, tags))

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        return self._run(Call("find", kind, token=token), deadline, lambda: self.cloud.find(kind, token))

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        return self._run(self._call("observe", kind, id), deadline, lambda: self.cloud.observe(kind, id))

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        return self._run(self._call("act", kind, id), deadline, lambda: self.cloud.act(kind, id, action))

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        return self._run(self._call("resize", Kind.MACHINE, id), deadline, lambda: self.cloud.resize(id, size))

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        return self._run(self._call("retag", kind, id), deadline, lambda: self.cloud.retag(kind, id, tags))

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        return self._run(self._call("delete", kind, id), deadline, lambda: self.cloud.delete(kind, id))

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        call = Call("list", *kinds) if len(kinds) == 1 else Call("list")
        return self._run(call, deadline, lambda: self.cloud.list(tags, kinds))

    def console(self, id: str, *, deadline: float) -> str:
        return self._run(self._call("console", Kind.MACHINE, id), deadline, lambda: self.cloud.console(id))

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        call = self._call("instruct", Kind.MACHINE, id, token)
        return self._run(call, deadline, lambda: self.cloud.instruct(id, instruction, token))

    def close(self) -> None:
        """Nothing is held open in memory."""

    # What a test asks and sets. None of it passes the gate, nor is it counted.

    def turn_knobs(self, knobs: Knobs) -> None:
        """From now on these knobs hold, their troubles instead of those before."""
        self.cloud.knobs = knobs
        self._gate.calm()
        for trouble in knobs.troubles:
            self._gate.trouble(trouble)

    def trouble(self, trouble: Trouble) -> None:
        """This goes wrong too from now on."""
        self._gate.trouble(trouble)

    def calm(self) -> None:
        """Nothing goes wrong any more, and what is held goes on."""
        self._gate.calm()

    def held(self, count: int = 1, wait: float = 0.0) -> Sequence[Held]:
        """The calls held now, after waiting up to `wait` seconds for `count` of them."""
        return self._gate.held(count, wait)

    def let_go(self) -> None:
        """Every held call goes on."""
        self._gate.let_go()

    def lose(self, kind: Kind, id: str) -> None:
        """The thing vanishes without anybody having asked."""
        self.cloud.lose(kind, id)

    def turn(self, id: str, state: State) -> None:
        """The machine comes to be in this state without anybody having asked."""
        self.cloud.turn(id, state)

    def mark(self, kind: Kind, id: str, tags: Mapping[str, str]) -> None:
        """The thing comes to carry these tags and no others, without anybody having asked."""
        self.cloud.mark(kind, id, tags)

    def reshape(self, id: str, size: OfferedSize) -> None:
        """The machine comes to be of this size without anybody having asked."""
        self.cloud.resize(id, size)

    def resources(self) -> Sequence[Resource]:
        """Everything that is there now."""
        return self.cloud.list({})

    def calls(self) -> Sequence[Call]:
        """Every call that ever came."""
        return tuple(self.ledger.calls)

    def made(self) -> Sequence[Resource]:
        """Everything that was ever made, as it was when it was made."""
        return tuple(self.ledger.made)

    def carried(self) -> Sequence[Carried]:
        """Every instruction that was ever carried out."""
        return tuple(self.ledger.carried)

    def _call(self, method: str, kind: Kind, id: str, token: str = "") -> Call:
        return Call(method, kind, self.cloud.name(kind, id), id, token)

    def _run(self, call: Call, deadline: float, work: Callable[[], T]) -> T:
        try:
            return self._gate.run(call, self.cloud.knobs, deadline, work)
        except ProviderError as error:
            error.provider = error.provider or self.name
            error.thing = error.thing or f"{call.kind}/{call.thing}"
            raise
