"""Services: what was deployed, how it is, and what is to be done with it. Pure: flows and values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from broker.client import events
from broker.client.entities import Held, act, body, held, listing
from broker.client.events import POLL, Event
from broker.client.flows import Flow, Item, Stream, asked, gathered
from broker.client.messages import TimeUp, Unreadable, request
from broker.errors import Clash, Missing
from broker.occi.model import CORDS, Draft, Value

ROW = "service"
_OF_CORDS = f"{CORDS.removesuffix('#')}/service/action#"
_OURS = "http://schemas.accords.org/occi/service/action#"
_NOT_IN_CORDS = frozenset({"retry", "cancel", "invoke", "release"})
_STILL = frozenset({"failed", "active", "stopped", "suspended", "released"})
_ENDED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Started:
    """`new` is False of a service that was there already, made from the same document."""

    id: str
    new: bool


@dataclass(frozen=True, slots=True)
class Report:
    """How a service is. `said` is all of it, as the row answers: service, operation, steps, nodes, outputs, ..."""

    said: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.said["service"]["id"])

    @property
    def name(self) -> str:
        return str(self.said["service"]["name"])

    @property
    def state(self) -> str:
        return str(self.said["service"]["state"])

    @property
    def outputs(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.said["outputs"]
        return found

    @property
    def over(self) -> bool:
        """Whether nothing is being done with it."""
        operation = self.said["operation"]
        return (operation is None or operation["state"] in _ENDED) and self.state in _STILL

    def knows(self, found: Iterable[Event]) -> bool:
        """Whether it has every step that these events are about."""
        known = {None, *(step["id"] for step in self.said["steps"])}
        return all(each.fields.get("step") in known for each in found)


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened since the turn before, and how the service is."""

    report: Report
    events: tuple[Event, ...]


def start(plan: str, name: str, attributes: Mapping[str, Any] | None = None) -> Flow[Started]:
    """A service by a plan's id. `attributes` beside: `org.accords.secrets`, `org.accords.ttl`, `occi.service.sla`."""
    said = {"occi.service.name": name, "occi.service.plan": plan, **(attributes or {})}
    made = body(Draft(kind=CORDS + "service", attributes=said))
    answer = yield from asked(request(ROW, "POST", "/service/", json=made))
    return Started(held(ROW, answer).entity.id, answer.status == HTTPStatus.CREATED)


def every() -> Flow[Sequence[Held]]:
    """All services of the account, the released ones too."""
    return (yield from gathered(listing(ROW, "/service/")))


def find(name: str, *, ended: bool = False) -> Flow[str]:
    """The id of the newest service of that name, or of that id, and not of one that was released unless `ended`;
    `Missing` names those there are."""
    found = yield from every()
    fitting = [each for each in found if name in (named(each), each.entity.id)]
    living = [each for each in fitting if state(each) != "released"]
    if chosen := living or (fitting if ended else []):
        return max(chosen, key=_created).entity.id
    if fitting:
        raise Clash(f"the service {name} was released", hint="accords volumes lists what was kept")
    known = ", ".join(named(each) for each in found if state(each) != "released") or "none"
    raise Missing(f"there is no service {name}", hint=f"services: {known}")


def named(service: Held) -> str:
    return str(service.entity.attributes["occi.service.name"])


def _created(service: Held) -> str:
    return str(service.entity.attributes.get("org.accords.created", ""))


def state(service: Held) -> str:
    return str(service.entity.attributes["org.accords.state"])


def report(service: str) -> Flow[Report]:
    said = (yield from asked(request(ROW, "GET", f"/service/{service}/report"))).json()
    if not isinstance(said, dict) or not {"service", "operation", "steps", "outputs"} <= said.keys():
        raise Unreadable("the service row answered with no report")
    return Report(said)


def ask(service: str, action: str, attributes: Mapping[str, Value] | None = None) -> Flow[None]:
    """Have something done with it: start, stop, restart, suspend, save, release, retry, cancel, invoke."""
    scheme = _OURS if action in _NOT_IN_CORDS else _OF_CORDS
    yield from act(ROW, f"/service/{service}", scheme + action, attributes)


def progress(
    service: str, after: int = 0, *, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
) -> Stream[Turn]:
    """What happens with it past event `after`, until nothing is being done with it; the last turn says how it ended.
    `TimeUp` when that takes longer."""
    ends = None if seconds is None else clock() + seconds
    while True:
        now = yield from report(service)
        found = yield from events.page(after, service, wait=0 if now.over else _left(ends, clock()))
        if not now.knows(found):  # the plan of an action is made when a worker takes it
            now = yield from report(service)
        after = found[-1].seq if found else after
        yield Item(Turn(now, found))
        if now.over and not found:
            return
        if ends is not None and clock() >= ends:
            raise TimeUp(f"{now.name} is {now.state} after {seconds:g} s", hint="what was started goes on")


def over(service: str, after: int = 0, *, seconds: float | None = None) -> Flow[Report]:
    """How it is when nothing is being done with it any more."""
    return (yield from gathered(progress(service, after, seconds=seconds)))[-1].report


def _left(ends: float | None, now: float) -> int:
    """Whole seconds that a poll may wait."""
    return POLL if ends is None else max(1, min(POLL, int(ends - now)))
