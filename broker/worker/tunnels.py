"""Ways into nodes that cannot reach the broker: SSH from here, and through it the agents' door at the node's loopback.

The agent in the node is the same and calls the same door; what differs is who dials. Which ways there have to be is
read from the store again and again (`wanted`); `Tunnels` holds them open, and opens anew what has broken.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

import asyncssh

from broker.agent import keys
from broker.settings import ProviderSettings, Settings, SshSettings
from broker.store import Service, Transaction, agents, operations, services
from broker.verbs import Job
from broker.worker.operation import job_of

log = logging.getLogger(__name__)

LIVING = ("deploying", "starting", "active", "stopping", "suspending", "stopped", "suspended", "saving", "failed")
"""States of services that may have machines with something to be told."""
SILENT = 20_000_000
"""Microseconds a node may be silent before it is called, where it may be reached either way."""
KEEPALIVE = 15.0
AGAIN = (1.0, 30.0)
"""Seconds until a way that broke is tried again: the first time, and the most, doubling."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a node is reached: where its SSH listens, what it shows, what we show it. `through` is another way first."""

    host: str
    port: int
    user: str
    host_key: str
    key: str = field(repr=False)
    through: Way | None = None


def wanted(tx: Transaction, settings: Settings, installation: str, key: str, open_now: Iterable[str]) -> dict[str, Way]:
    """The ways there have to be, by service and node. `key` is the installation's; `open_now` are those that are there:
    a node that may be reached either way and was silent keeps its way."""
    there = frozenset(open_now)
    # what a plan's text does not name has no step in it: most services are read no further
    dialled = [json.dumps(name) for name, own in settings.providers.items() if own.reach != "home"]
    found: dict[str, Way] = {}
    for service in services.in_states(tx, LIVING):
        newest = operations.latest(tx, service.account, service.id, kind="deploy")
        text = newest.plan_json if newest is not None else None
        if newest is not None and text is not None and any(name in text for name in dialled):
            job = job_of(tx, installation, newest, service)
            silent = _silent(tx, service)
            for node, (way, reach) in _ways(job, settings, key).items():
                name = f"{service.id}/{node}"
                if reach == "ssh" or name in there or node in silent:
                    found[name] = way
    return found


def _silent(tx: Transaction, service: Service) -> frozenset[str]:
    """Nodes whose agents have not called lately."""
    known = agents.of_service(tx, service.account, service.id)
    return frozenset(each.node for each in known if (each.seen or each.bound) < tx.now - SILENT)


def _ways(job: Job, settings: Settings, key: str) -> dict[str, tuple[Way, str]]:
    """Each node of a service that was made where the broker dials, and how it is reached."""
    ours = keys.of_service(key, job.service).private
    found: dict[str, tuple[Way, str]] = {}
    asked: dict[str, ProviderSettings] = {}
    for step in job.deploy.steps:
        own = settings.providers.get(step.provider or "")
        made = job.made.get(step.id)
        if step.verb == "create" and step.subject.startswith("machine/") and own and own.reach != "home" and made:
            node = step.subject.removeprefix("machine/").rpartition(".")[0]
            shown = keys.of_host(key, job.token_of(step.id)).public
            found[node] = (Way(_address(job, step.id, made), own.ssh.port, own.ssh.user, shown, ours), own.reach)
            asked[node] = own
    return {node: (_through(way, node, asked[node].ssh, found), reach) for node, (way, reach) in found.items()}


def _address(job: Job, machine: str, made: Mapping[str, object]) -> str:
    """Its public address, if it was given one, or the one that its network gave it."""
    public = job.made.get(machine.removesuffix("machine") + "address") or {}
    return str(public.get("address") or made.get("address") or "")


def _through(way: Way, node: str, ssh: SshSettings, found: Mapping[str, tuple[Way, str]]) -> Way:
    """The way by another node of the service, or by a machine that the settings name."""
    if ssh.via is None or ssh.via == f"node:{node}":
        return way
    if ssh.via.startswith("node:"):
        first = found.get(ssh.via.removeprefix("node:"))
        return replace(way, through=first[0]) if first else way
    user, _, place = ssh.via.rpartition("@")
    host, _, port = place.partition(":")
    key = ssh.via_key.read_text() if ssh.via_key else way.key
    return replace(way, through=Way(host, int(port or 22), user or "root", ssh.via_host_key or "", key))


class Tunnels:
    """Holds ways open, in a thread of its own. `door` is where the agents' door listens; in a node it is at the same
    port of its loopback."""

    def __init__(self, door: tuple[str, int]) -> None:
        self._door = door
        self._held: dict[str, tuple[Way, asyncio.Task[None]]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tunnels", daemon=True)
        self._thread.start()

    def names(self) -> frozenset[str]:
        return frozenset(self._held)

    def keep(self, ways: Mapping[str, Way]) -> None:
        """From now on these, and no others."""
        asyncio.run_coroutine_threadsafe(self._keep(ways), self._loop).result()

    def close(self) -> None:
        self.keep({})
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _keep(self, ways: Mapping[str, Way]) -> None:
        for name, (way, task) in tuple(self._held.items()):
            if ways.get(name) != way:
                task.cancel()
                del self._held[name]
        for name in ways.keys() - self._held.keys():
            self._held[name] = (ways[name], self._loop.create_task(self._hold(name, ways[name])))

    async def _hold(self, name: str, way: Way) -> None:
        pause = AGAIN[0]
        while True:
            try:
                async with connected(way) as line:
                    await line.forward_remote_port("127.0.0.1", self._door[1], *self._door)
                    log.info("tunnel.open", extra={"node": name, "host": way.host})
                    pause = AGAIN[0]
                    await line.wait_closed()
            except (OSError, asyncssh.Error, TimeoutError) as error:
                if pause == AGAIN[0]:
                    why = str(error) or type(error).__name__
                    log.warning("tunnel.failed", extra={"node": name, "host": way.host, "error": why})
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN[1])


@asynccontextmanager
async def connected(way: Way) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """An SSH connection to where a way leads, to nobody but who shows the host key that is known."""
    if way.through is None:
        async with _connection(way, None) as line:
            yield line
    else:
        async with connected(way.through) as first, _connection(way, first) as line:
            yield line


def _connection(
    way: Way, tunnel: asyncssh.SSHClientConnection | None
) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    return asyncssh.connect(
        way.host,
        way.port,
        tunnel=tunnel,
        username=way.user,
        client_keys=[asyncssh.import_private_key(way.key)],
        known_hosts=([asyncssh.import_public_key(way.host_key)], [], []),
        agent_path=None,
        config=None,
        connect_timeout=10,
        login_timeout=10,
        keepalive_interval=KEEPALIVE,
    )
