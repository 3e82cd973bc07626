"""The fake cloud's driver when the cloud is a server process. What the calls are is `providers.fake.wire`'s to say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import TypeAdapter

from providers.errors import Ambiguous, Auth, ProviderError, Throttled, Unavailable
from providers.fake.gate import Held
from providers.fake.knobs import Knobs, Trouble
from providers.fake.ledger import Call, Carried
from providers.fake.making import KINDS
from providers.fake.wire import (
    CALLS,
    CARRIED,
    HELD,
    MADE_CALLS,
    MAYBE,
    NOTHING,
    OFFERINGS,
    OUTCOME,
    PROBLEMS,
    SPECS,
    TEXT,
    THING,
    THINGS,
    adapter,
    error_from_json,
)
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
from providers.transport import Clock, connections, exchange, retry_after

CONTROL_DEADLINE = 10.0
OWN = (200, 409)
STATUSES: Mapping[int, type[ProviderError]] = {401: Auth, 403: Auth, 503: Unavailable}
"""What a gateway says before anything is done; of all else nobody knows what was done."""
T = TypeVar("T")


class RemoteFake:
    """A Provider, and beside it what a test asks and sets: method by method what `providers.fake.driver.Fake` is."""

    driver = "fake"
    lists = True
    immediate = EVERY

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._client = httpx.Client(base_url=url, transport=connections(limits), trust_env=False)

    def check(self, *, deadline: float) -> Sequence[Problem]:
        return self._ask("check", PROBLEMS, deadline)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        return self._ask("offers", OFFERINGS, deadline)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]
        extra = {"made": kind, "spec": adapter(SPECS[kind]).dump_python(spec, mode="json")}
        return self._ask("create", THING, deadline, extra, token=token, tags=dict(tags))

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        return self._ask("find", MAYBE, deadline, kind=kind, token=token)

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        return self._ask("observe", THING, deadline, kind=kind, id=id)

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        return self._ask("act", THING, deadline, kind=kind, id=id, action=action)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        return self._ask("resize", THING, deadline, id=id, size=size)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        return self._ask("retag", THING, deadline, kind=kind, id=id, tags=dict(tags))

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        self._ask("delete", NOTHING, deadline, kind=kind, id=id)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        return self._ask("list", THINGS, deadline, tags=dict(tags), kinds=sorted(kinds))

    def console(self, id: str, *, deadline: float) -> str:
        return self._ask("console", TEXT, deadline, id=id)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        return self._ask("instruct", OUTCOME, deadline, id=id, instruction=instruction, token=token)

    def close(self) -> None:
        self._client.close()

    def turn_knobs(self, knobs: Knobs) -> None:
        self._ask("turn_knobs", NOTHING, CONTROL_DEADLINE, knobs=knobs)

    def trouble(self, trouble: Trouble) -> None:
        self._ask("trouble", NOTHING, CONTROL_DEADLINE, trouble=trouble)

    def calm(self) -> None:
        self._ask("calm", NOTHING, CONTROL_DEADLINE)

    def held(self, count: int = 1, wait: float = 0.0) -> Sequence[Held]:
        return self._ask("held", HELD, CONTROL_DEADLINE + wait, count=count, wait=wait)

    def let_go(self) -> None:
        self._ask("let_go", NOTHING, CONTROL_DEADLINE)

    def lose(self, kind: Kind, id: str) -> None:
        self._ask("lose", NOTHING, CONTROL_DEADLINE, kind=kind, id=id)

    def turn(self, id: str, state: State) -> None:
        self._ask("turn", NOTHING, CONTROL_DEADLINE, id=id, state=state)

    def mark(self, kind: Kind, id: str, tags: Mapping[str, str]) -> None:
        self._ask("mark", NOTHING, CONTROL_DEADLINE, kind=kind, id=id, tags=dict(tags))

    def reshape(self, id: str, size: OfferedSize) -> None:
        self._ask("reshape", NOTHING, CONTROL_DEADLINE, id=id, size=size)

    def resources(self) -> Sequence[Resource]:
        return self._ask("resources", THINGS, CONTROL_DEADLINE)

    def calls(self) -> Sequence[Call]:
        return self._ask("calls", MADE_CALLS, CONTROL_DEADLINE)

    def made(self) -> Sequence[Resource]:
        return self._ask("made", THINGS, CONTROL_DEADLINE)

    def carried(self) -> Sequence[Carried]:
        return self._ask("carried", CARRIED, CONTROL_DEADLINE)

    def _ask(
        self,
        call: str,
        answers: TypeAdapter[T],
        deadline: float,
        extra: Mapping[str, object] | None = None,
        **values: Any,
    ) -> T:
        """One call. The server gets the same deadline, and answers Ambiguous itself when it is past."""
        takes = CALLS[call].takes
        body = {name: adapter(takes[name]).dump_python(value, mode="json") for name, value in values.items()}
        body |= {"deadline": deadline, **(extra or {})}
        request = self._client.build_request("POST", f"/{call}", content=orjson.dumps(body))
        response = exchange(self._client, request, Clock(deadline), provider=self.name, thing=call)
        if response.status_code not in OWN:
            raise self._foreign(response, call)
        try:
            found = orjson.loads(response.content)
            if "error" in found:
                raise error_from_json(found["error"], self.name)
            return answers.validate_python(found["result"])
        except (ValueError, TypeError, LookupError) as error:
            message = f"the answer to {call} is none that the fake cloud gives ({type(error).__name__})"
            raise Ambiguous(message, provider=self.name, thing=call) from error

    def _foreign(self, response: httpx.Response, call: str) -> ProviderError:
        """What somebody before the cloud's server answered: it says everything itself with the statuses of OWN."""
        message = f"{call}: {response.status_code} from {response.url.host}, and not by the fake cloud"
        if response.status_code == 429:
            return Throttled(message, delay=retry_after(response.headers), provider=self.name, thing=call)
        return STATUSES.get(response.status_code, Ambiguous)(message, provider=self.name, thing=call)
