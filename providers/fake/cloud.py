"""The fake cloud itself: what is there, in memory. The reference meaning of what `providers.protocol` promises.

Every method is one atomic look or change under one lock. Nothing here fails, waits or counts by itself: that is the
gate's business (`providers.fake.gate`), which every call passes first.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from providers.errors import Conflict, NotFound, Refused
from providers.fake.addresses import Addresses
from providers.fake.knobs import Knobs, Script
from providers.fake.ledger import Carried, Ledger
from providers.fake.making import KINDS, Draft, Site, Usage, draft, resized
from providers.protocol import (
    EVERY,
    Action,
    Instruction,
    Kind,
    OfferedImage,
    OfferedSize,
    Offering,
    Outcome,
    Resource,
    Spec,
    State,
)

# (what is asked for, the state it is in) -> the state it comes to. What is not here is a Conflict.
ACTIONS: Mapping[tuple[Action, State], State] = {
    (Action.START, State.ACTIVE): State.ACTIVE,
    (Action.START, State.STOPPED): State.ACTIVE,
    (Action.START, State.SUSPENDED): State.ACTIVE,
    (Action.STOP, State.ACTIVE): State.STOPPED,
    (Action.STOP, State.STOPPED): State.STOPPED,
    (Action.RESTART, State.ACTIVE): State.ACTIVE,
    (Action.SUSPEND, State.ACTIVE): State.SUSPENDED,
    (Action.SUSPEND, State.SUSPENDED): State.SUSPENDED,
    (Action.RESUME, State.SUSPENDED): State.ACTIVE,
    (Action.RESUME, State.ACTIVE): State.ACTIVE,
}


@dataclass(slots=True)
class Thing:
    """One resource in the book: as it will be, and the clock's time at which it will be so."""

    resource: Resource
    draft: Draft
    settles: float


@dataclass(frozen=True, slots=True)
class Running:
    """An instruction in a machine: how it will end, and when."""

    outcome: Outcome
    ends: float


class Cloud:
    """`clock` is monotonic seconds: for PENDING and running instructions."""

    def __init__(self, knobs: Knobs, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self.knobs = knobs
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.RLock()
        self._things: dict[tuple[Kind, str], Thing] = {}
        self._tokens: dict[tuple[Kind, str], list[str]] = {}
        self._users: Counter[tuple[Kind, str]] = Counter()
        self._usage = Usage()
        self._addresses = Addresses()
        self._instructions: dict[tuple[str, str], Running] = {}
        self._consoles: dict[str, list[str]] = {}
        self._saved: dict[str, OfferedImage] = {}
        self._numbers: Counter[Kind] = Counter()
        self._played: Counter[Script] = Counter()

    def offers(self) -> tuple[Offering, ...]:
        """One offering a zone, prices times its factor."""
        with self._lock:
            images, left, knobs = self._images(), self._left(), self.knobs
        return tuple(
            Offering(
                zone=zone,
                sizes=tuple(
                    replace(size, price=None if size.price is None else size.price * factor) for size in knobs.sizes
                ),
                images=images,
                flexible=knobs.flexible,
                left=left,
                abilities=knobs.abilities,
                delivery=knobs.delivery,
                currency=knobs.currency,
                operator=knobs.operator,
                categories=knobs.categories,
            )
            for zone, factor in knobs.zones.items()
        )

    def create(self, spec: Spec, token: str, tags: Mapping[str, str]) -> Resource:
        """Make it, or give what this token made before."""
        kind = KINDS[type(spec)]
        with self._lock:
            known = self._tokens.get((kind, token))
            if known and self.knobs.idempotent:
                return self._seen(self._things[kind, known[0]])
            self._numbers[kind] += 1
            id = f"{kind}-{self._numbers[kind]}"
            made = draft(self._site(), spec, id)
            addresses = tuple(address for _, address in made.addresses)
            resource = Resource(kind, id, spec.name, State.ACTIVE, token, dict(tags), addresses, made.facts)
            self._ledger.made.append(resource)
            return self._seen(self._enter(resource, made))

    def find(self, kind: Kind, token: str) -> Resource | None:
        """The oldest thing there with this token."""
        with self._lock:
            ids = self._tokens.get((kind, token))
            return self._seen(self._things[kind, ids[0]]) if ids else None

    def observe(self, kind: Kind, id: str) -> Resource:
        """As it is now."""
        with self._lock:
            return self._seen(self._get(kind, id))

    def act(self, kind: Kind, id: str, action: Action) -> Resource:
        """Change a machine's state by the table ACTIONS."""
        with self._lock:
            thing = self._get(kind, id)
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can", thing=f"{kind}/{id}")
            state = self._seen(thing).state
            if (action, state) not in ACTIONS:
                raise Conflict(f"machine {id} is {state}: it cannot {action} now", thing=f"{kind}/{id}")
            self._turn(thing, ACTIONS[action, state], moved=ACTIONS[action, state] != state or action is Action.RESTART)
            self._consoles[id].append(action.value)
            return self._seen(thing)

    def resize(self, id: str, size: OfferedSize) -> Resource:
        """Another size for a machine, in whatever state it is."""
        with self._lock:
            thing = self._get(Kind.MACHINE, id)
            made = resized(self._site(), thing.draft, size)
            self._usage.add(thing.draft.size or size, sign=-1)
            self._usage.add(size)
            moved = made.size != thing.draft.size
            thing.draft, thing.resource = made, replace(thing.resource, facts=made.facts)
            self._turn(thing, thing.resource.state, moved=moved)
            return self._seen(thing)

    def delete(self, kind: Kind, id: str) -> None:
        """Give it back, unless something uses it."""
        with self._lock:
            users = self._users[kind, id]
            if users and (kind, id) in self._things:
                raise Conflict(f"{kind} {id} is used by {users}; delete those first", thing=f"{kind}/{id}")
            self._remove(kind, id)

    def list(self, tags: Mapping[str, str], kinds: Collection[Kind] = EVERY) -> tuple[Resource, ...]:
        """What carries all these tags, in the order it was made."""
        wanted = tags.items()
        with self._lock:
            things = (thing for (kind, _), thing in self._things.items() if kind in kinds)
            return tuple(self._seen(thing) for thing in things if wanted <= thing.resource.tags.items())

    def console(self, id: str) -> str:
        """What the machine said: a line for each thing that happened to it."""
        with self._lock:
            self._get(Kind.MACHINE, id)
            return "".join(f"{line}\n" for line in self._consoles[id])

    def instruct(self, id: str, instruction: Instruction, token: str) -> Outcome | None:
        """Carry it out, once a token, and say how it ended; None while it runs."""
        with self._lock:
            thing = self._get(Kind.MACHINE, id)
            if self.knobs.delivery != "direct":
                raise Refused("this cloud carries no instructions: its delivery is none", thing=f"machine/{id}")
            running = self._instructions.get((id, token)) or self._carry(thing, instruction, token)
            return running.outcome if self._clock() >= running.ends else None

    def lose(self, kind: Kind, id: str) -> None:
        """It is gone, without anybody having asked: somebody else deleted it, or its host died."""
        with self._lock:
            self._remove(kind, id)

    def turn(self, id: str, state: State) -> None:
        """The machine comes to be in this state, without anybody having asked."""
        with self._lock:
            self._turn(self._get(Kind.MACHINE, id), state, moved=False)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str]) -> Resource:
        """These tags, beside those that it has under other names."""
        with self._lock:
            thing = self._get(kind, id)
            self.mark(kind, id, {**thing.resource.tags, **tags})
            return self._seen(thing)

    def mark(self, kind: Kind, id: str, tags: Mapping[str, str]) -> None:
        """The thing carries these tags and no others."""
        with self._lock:
            thing = self._get(kind, id)
            thing.resource = replace(thing.resource, tags=dict(tags))

    def name(self, kind: Kind, id: str) -> str:
        """The thing's name; its id where it is not there."""
        thing = self._things.get((kind, id))
        return thing.resource.name if thing else id

    def _enter(self, resource: Resource, made: Draft) -> Thing:
        kind, id = resource.kind, resource.id
        thing = Thing(resource, made, self._clock() + self.knobs.pending)
        self._things[kind, id] = thing
        self._tokens.setdefault((kind, resource.token), []).append(id)
        self._users.update(made.uses)
        if kind is Kind.SNAPSHOT:
            self._saved[id] = OfferedImage(id, resource.name)
        if made.size is not None:
            self._usage.add(made.size)
            self._consoles[id] = [f"{resource.name} booted"]
        return thing

    def _remove(self, kind: Kind, id: str) -> None:
        thing = self._things.pop((kind, id), None)
        if thing is None:
            return
        self._forget_token(kind, thing.resource.token, id)
        self._users.subtract(thing.draft.uses)
        for network, address in thing.draft.addresses:
            self._addresses.give_back(network, address)
        self._addresses.close(id)
        self._consoles.pop(id, None)
        self._saved.pop(id, None)
        if thing.draft.size is not None:
            self._usage.add(thing.draft.size, sign=-1)

    def _forget_token(self, kind: Kind, token: str, id: str) -> None:
        ids = self._tokens[kind, token]
        ids.remove(id)
        if not ids:
            del self._tokens[kind, token]

    def _get(self, kind: Kind, id: str) -> Thing:
        thing = self._things.get((kind, id))
        if thing is None:
            raise NotFound(f"there is no {kind} {id}", thing=f"{kind}/{id}")
        return thing

    def _seen(self, thing: Thing) -> Resource:
        settled = self._clock() >= thing.settles
        return thing.resource if settled else replace(thing.resource, state=State.PENDING)

    def _turn(self, thing: Thing, state: State, *, moved: bool) -> None:
        thing.resource = replace(thing.resource, state=state)
        if moved:
            thing.settles = self._clock() + self.knobs.pending

    def _carry(self, thing: Thing, instruction: Instruction, token: str) -> Running:
        id, state = thing.resource.id, self._seen(thing).state
        if state is not State.ACTIVE:
            raise Conflict(f"machine {id} is {state}: it carries out nothing now", thing=f"machine/{id}")
        script = self._ending(instruction)
        running = Running(Outcome(script.exit, script.output), self._clock() + script.seconds)
        self._instructions[id, token] = running
        self._consoles[id].append(f"{instruction.method}: exit {script.exit}")
        self._ledger.carried.append(Carried(id, token, instruction.method, dict(instruction.arguments)))
        return running

    def _ending(self, instruction: Instruction) -> Script:
        """The first script that matches and has not been used up."""
        text = "\n".join(str(value) for value in instruction.arguments.values())
        for script in self.knobs.scripts:
            if script.match in text and not 0 < script.times <= self._played[script]:
                self._played[script] += 1
                return script
        return Script("")

    def _site(self) -> Site:
        return Site(
            knobs=self.knobs,
            addresses=self._addresses,
            usage=self._usage,
            there=lambda kind, id: thing.resource if (thing := self._things.get((kind, id))) else None,
            users=lambda kind, id: self._users[kind, id],
            images=self._images,
        )

    def _images(self) -> tuple[OfferedImage, ...]:
        return (*self.knobs.images, *self._saved.values())

    def _left(self) -> dict[str, int]:
        """What of each quota is free; what has none is not in it."""
        return {what: max(0, limit - used) for what, limit, used in self._usage.beside(self.knobs.quotas)}
