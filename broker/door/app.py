"""The agents' door: what a node may ask, and nothing else. A Falcon application; `listener` puts TLS around it.

    POST /v1/hello                {node, token} -> {key}                       with the one-time token
    GET  /v1/instructions?wait=20 -> {instructions: [...], again: seconds}     with the node's key, as all that follow
    POST /v1/outcomes             {outcomes: [{id, exit, output}]} -> {accepted: [id]}
    POST /v1/samples              {samples: [{metric, location, value, age}]} -> {}
    POST /v1/logs                 {id, text} -> {}

Every request says `Accords-Agent: <version of the messages>`. The key tells which node speaks: no request names an
account, a service or another node, so there is nothing to ask for that is somebody else's.
"""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import falcon
import orjson

from broker.door import messages
from broker.door.bell import Bell, Node
from broker.door.rates import Rate
from broker.errors import AccordsError, Invalid, Missing, Unauthenticated
from broker.settings import Settings
from broker.store import Store, Transaction, agents, instructions, logs, samples
from broker.store import secrets as values
from broker.store.agents import Agent
from broker.store.instructions import Instruction
from broker.web import body, problems
from sla import METRICS, Origin, Sample

BODY = 256 * 1024
WAIT = 30.0
"""Seconds a fetch may wait at most."""
AGAIN = 2.0
"""Seconds, about, until a node asks again that found no place to wait."""
SEEN = 500_000
"""Microseconds between two notes of when a node was last seen."""
FETCHED = 16
"""Instructions in one answer."""
OUTSIDE = frozenset(name for name, one in METRICS.items() if one.origin is Origin.OUTSIDE)
GONE = 69
"""The exit of an instruction that names a secret which is no more: EX_UNAVAILABLE."""

Answer = dict[str, object]

log = logging.getLogger(__name__)


class Door:
    """What the requests share. `waiters`: how many fetches may wait at once, fewer than there are threads."""

    def __init__(self, store: Store, settings: Settings, waiters: int) -> None:
        self.store = store
        self.timeout = settings.step_timeout
        self.bell = Bell(self._look, waiters)
        self.hellos = Rate(per_second=10, burst=300)  # an address may be a whole site's
        self.requests = Rate(per_second=20, burst=200)
        self.samples = Rate(per_second=50, burst=3000)
        self.logged = Rate(per_second=32 * 1024, burst=1024**2)  # bytes

    def _look(self) -> frozenset[Node]:
        with self.store.read() as tx:
            return instructions.open_nodes(tx)


@dataclass(frozen=True, slots=True)
class Request:
    agent: Agent
    body: bytes
    wait: float

    @property
    def node(self) -> Node:
        return (self.agent.account, self.agent.service, self.agent.node)


def fetch(door: Door, request: Request) -> Answer:
    """What the node has to do, in order; waits for something to be there."""
    until = time.monotonic() + request.wait
    with door.bell.place() as place:
        found = _told(door, request.node)
        while place and not found and time.monotonic() < until:
            door.bell.wait(request.node, until - time.monotonic())
            found = _told(door, request.node)
    again = 0.0 if place or found else AGAIN * random.uniform(0.5, 1.5)  # noqa: S311 - spread, not a secret
    return {"instructions": found, "again": again}


def outcomes(door: Door, request: Request) -> Answer:
    """How instructions ended. An id that is none of this node's is left out of the answer, and changes nothing."""
    said = messages.read(messages.Outcomes, request.body).outcomes
    with door.store.write() as tx:
        noted = [
            each.id
            for each in said
            if instructions.outcome(
                tx, *request.node, id=each.id, exit=each.exit, output=messages.readable(each.output)
            )
        ]
    door.bell.stir()
    for id in noted:
        log.info("instruction.end", extra={"service": request.agent.service, "node": request.agent.node, "id": id})
    return {"accepted": noted}


def measured(door: Door, request: Request) -> Answer:
    """Measurements of this node, which is their target whatever they say. Names it may not measure are left out."""
    said = messages.read(messages.Measurements, request.body).samples
    door.samples.take(request.node, len(said))
    with door.store.write(durable=False) as tx:
        known = _measured_here(tx, request.node, said)
        found = [
            Sample(e.metric, request.agent.node, e.value, tx.now - round(e.age * 1e6), e.location or None)
            for e in known
        ]
        samples.add(tx, request.agent.account, request.agent.service, found)
    return {}


def _measured_here(tx: Transaction, node: Node, said: Sequence[messages.Measurement]) -> list[messages.Measurement]:
    """Those of metrics that nodes measure: the built-in ones, and a site's own that this node was told to."""
    own = {each.metric for each in said if not messages.METRIC.fullmatch(each.metric)}
    told = {metric for name, metric, _ in instructions.told(tx, *node[:2]) if name == node[2]} if own else set()
    return [each for each in said if each.metric not in own or each.metric in told - OUTSIDE]


def printed(door: Door, request: Request) -> Answer:
    """What an instruction of this node prints while it is carried out."""
    said = messages.read(messages.Log, request.body)
    door.logged.take(request.node, len(said.text))
    with door.store.write(durable=False) as tx:
        found = instructions.find(tx, request.agent.account, said.id)
        if found is None or (found.service, found.node) != (request.agent.service, request.agent.node):
            raise Missing("this node has no such instruction", code="agent.instruction")
        if said.text:  # an empty one is a sign of life, and asks whether the instruction still stands
            logs.append(tx, *request.node, [(said.id, messages.readable(said.text))])
    return {}


ROUTES: Mapping[str, tuple[str, Callable[[Door, Request], Answer]]] = {
    "/v1/instructions": ("GET", fetch),
    "/v1/outcomes": ("POST", outcomes),
    "/v1/samples": ("POST", measured),
    "/v1/logs": ("POST", printed),
}
"""All that a key opens; `/v1/hello` is the only other route."""


def application(store: Store, settings: Settings, *, waiters: int) -> falcon.App[falcon.Request, falcon.Response]:
    door = Door(store, settings, waiters)
    found = falcon.App(media_type=falcon.MEDIA_JSON)
    found.add_error_handler(AccordsError, _refuse)
    found.add_error_handler(Exception, _mistaken)
    found.add_error_handler(falcon.HTTPError, _unknown)
    found.add_route("/v1/hello", Greeting(door))
    for path, (method, work) in ROUTES.items():
        found.add_route(path, Reading(door, work) if method == "GET" else Writing(door, work))
    return found


class Greeting:
    def __init__(self, door: Door) -> None:
        self._door = door

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A key for the one-time token. The key is made here, told once, and kept as a hash."""
        _speaks(req)
        self._door.hellos.take(req.remote_addr)
        said = messages.read(messages.Hello, body.read(req, BODY))
        key = secrets.token_urlsafe(32)
        with self._door.store.write() as tx:
            agent = agents.exchange(tx, said.node, said.token, key)
        self._door.bell.stir()
        log.info("agent.hello", extra={"service": agent.service, "node": agent.node})
        _answer(resp, {"key": key})


class _Endpoint:
    def __init__(self, door: Door, work: Callable[[Door, Request], Answer]) -> None:
        self._door, self._work = door, work

    def _serve(self, req: falcon.Request, resp: falcon.Response) -> None:
        _speaks(req)
        agent = _known(self._door, req)
        request = Request(agent, body.read(req, BODY), min(_number(req, "wait"), WAIT))
        self._door.requests.take(request.node)
        _answer(resp, self._work(self._door, request))


class Reading(_Endpoint):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._serve(req, resp)


class Writing(_Endpoint):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._serve(req, resp)


def _speaks(req: falcon.Request) -> None:
    version = req.get_header("Accords-Agent") or ""
    if not (version.isascii() and version.isdigit() and 1 <= int(version[:4]) <= messages.NEWEST):
        hint = f"this door speaks the versions 1 to {messages.NEWEST}"
        raise Invalid("the agent's version is not served", hint=hint, code="agent.version")


def _known(door: Door, req: falcon.Request) -> Agent:
    """Whose key this is; notes that the node was seen, the first time before anything else: its token is spent then."""
    scheme, _, key = (req.get_header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Unauthenticated("the node's key is missing", code="agent.key")
    with door.store.read() as tx:
        agent, now = agents.by_key(tx, key), tx.now
    if agent.seen is None or now - agent.seen > SEEN:
        with door.store.write(durable=agent.seen is None) as tx:
            agents.seen(tx, agent.account, agent.service, agent.node)
    return agent


def _number(req: falcon.Request, name: str) -> float:
    text = str(req.get_param(name) or "0")
    if not (text.isascii() and text.isdigit()):
        raise Invalid(f"{name}: a number of seconds is expected", code="agent.message")
    return float(text[:6])


def _told(door: Door, node: Node) -> list[Answer]:
    with door.store.read() as tx:
        found = instructions.pending(tx, *node, limit=FETCHED)
    told = []
    for each in found:
        try:
            told.append({**_revealed(door, each), "id": each.id, "method": each.method, "timeout": door.timeout})
        except Missing as error:
            with door.store.write() as tx:
                instructions.outcome(tx, *node, id=each.id, exit=GONE, output=error.message)
    return told


def _revealed(door: Door, told: Instruction) -> Answer:
    """The arguments with secrets' values in place, the only time they leave their table, and which ones these are."""
    named = {n: v for n, v in told.arguments.items() if isinstance(v, str) and v.startswith(values.PREFIX)}
    if not named:
        return {"arguments": told.arguments, "secret": []}
    with door.store.read() as tx:
        shown = {name: values.reveal(tx, told.account, told.service, reference) for name, reference in named.items()}
    return {"arguments": {**told.arguments, **shown}, "secret": sorted(named)}


def _answer(resp: falcon.Response, found: Answer) -> None:
    resp.set_header("Accords-Agent", str(messages.NEWEST))
    resp.set_header("Cache-Control", "no-store")
    resp.data = orjson.dumps(found)


def _refuse(req: falcon.Request, resp: falcon.Response, error: AccordsError, params: dict[str, Any]) -> None:
    found = problems.answer(error, "application/json")
    resp.status = falcon.code_to_http_status(found.status)
    resp.set_headers(dict(found.headers))
    resp.data = found.body
    log.info("door.refused", extra={"path": req.path, "status": found.status, "code": error.code})


def _unknown(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: dict[str, Any]) -> None:
    resp.status = error.status
    resp.set_headers(error.headers or {})
    resp.data = orjson.dumps({"status": error.status_code, "code": "agent.route"})


def _mistaken(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, Any]) -> None:
    """A mistake of ours: nothing of it is told to a node."""
    log.error("door.failed", extra={"path": req.path}, exc_info=error)
    resp.status = falcon.HTTP_500
    resp.data = b'{"status":500,"code":"internal"}'
