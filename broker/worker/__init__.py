"""`accords work`: takes operations from the store and carries them out; it never listens.

    operations   side by side, a thread each; how they come is `queue`'s, a lease with an epoch says whose they are
    chores       tables of short passes, each with its period, a thread a table: a provider has one, so that none waits
                 for a slow one; none of them keeps operations waiting
    monitor      what was promised is measured and judged, in a thread of its own: a slow cloud delays no probe
    delivery     the outbox to the rows, in a thread of its own, as soon as there is something

Several workers can share a store. One that ends (SIGTERM) takes and begins nothing more; a walk whose calls in flight
have ended gives its lease back, so that another worker goes on at once. One whose call does not end in time keeps it
until it runs out, as after a kill.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from broker import auth, discovery, logs, memory, monitor, running
from broker.agent import certificate
from broker.client import Client
from broker.settings import Settings
from broker.store import PLATFORM, Store, operations
from broker.verbs import Tools
from broker.worker import auditing, chores, consoles
from broker.worker.delivery import deliver
from broker.worker.observing import Observing
from broker.worker.operation import carry_out
from broker.worker.queue import queue_of
from broker.worker.walks import Walks
from providers import Provider, open_provider
from providers.errors import ProviderError

T = TypeVar("T")

log = logging.getLogger(__name__)

IDLE = 0.2
"""Seconds between two looks for an operation: one indexed query."""
PROBES = 8
"""Probes that one worker makes at once."""
ENDING = 5.0
"""Seconds that calls in flight get when the worker is told to end."""
OBSERVE_PERIOD = 30.0
ERRANDS_PERIOD = 5.0
CONSOLES_PERIOD = 60.0
PRUNE_PERIOD = 3600.0
TICK = 1.0


def new_secret() -> str:
    """A password of 192 bits, of letters that scripts and configurations need not quote."""
    return secrets.token_urlsafe(24)


def run(settings: Settings, *, secret: Callable[[], str] = new_secret) -> None:
    """Work until SIGTERM or SIGINT. `secret` makes each password that a plan generates."""
    logs.configure(settings.log_level)
    running.stay(settings.home)
    running.beside_service(settings)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    memory.settle()
    memory.apart(lambda: _store(settings).close())
    worker = opened(settings, secret)
    try:
        worker.run(stop)
    finally:
        worker.close()
    logging.shutdown()
    os._exit(0)  # a walk that still goes on keeps its thread, which Python would wait for to its end


def opened(settings: Settings, secret: Callable[[], str] = new_secret) -> Worker:
    """A worker of these settings: the service row's database, every provider instance, a client for the rows."""
    installation = auth.installation(settings)
    certificate.path(settings)  # made now: a home that cannot be written is said at the start, not by a first machine
    principal = auth.Principal("worker", PLATFORM, auth.Role.WORKER)
    tools = Tools(
        store=_store(settings),
        settings=settings,
        providers=open_providers(settings),
        secret=secret,
        key=installation.key,
    )
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    return Worker(tools, installation.id, Client(settings, auth.issue(installation.key, principal)), owner)


def _store(settings: Settings) -> Store:
    return Store.open(settings.database.format(home=settings.home, row="service"))


def open_providers(settings: Settings) -> Mapping[str, Provider]:
    """Every instance of the settings that can be opened, once. One that cannot is said; only what needs it stops."""
    found: dict[str, Provider] = {}
    for name, own in settings.providers.items():
        try:
            found[name] = open_provider(name, own.driver, settings.provider_options(name))
        except ProviderError as error:
            log.error("provider.unusable", extra={"provider": name, "code": error.code, "error": error.message})  # noqa: TRY400 - a setting is wrong, not the program
    return found


@dataclass(slots=True)
class Chore:
    """A pass that is done every `period` seconds; `due` by the monotonic clock."""

    name: str
    period: float
    work: Callable[[], object]
    due: float = 0.0


class Worker:
    """One worker. `owner` is how leases name it."""

    def __init__(self, tools: Tools, installation: str, client: Client, owner: str) -> None:
        self._tools = tools
        self._installation = installation
        self._client = client
        self._observing = Observing(tools, installation)
        self._owner = owner
        self._queue = queue_of(tools.settings, tools.store, owner, Walks(self._carry_out))
        self._probes = ThreadPoolExecutor(PROBES, thread_name_prefix="probe")
        self._ending = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        log.info("worker.start", extra={"owner": self._owner, "providers": list(self._tools.providers)})
        self._guarded("templates", lambda: chores.show_templates(self._tools))
        watch = discovery.Watch(self._client)
        watch.start()
        self._queue.start()
        loops = [threading.Thread(target=loop, args=(stop,), daemon=True) for loop in self._loops()]
        for loop in loops:
            loop.start()
        while not stop.is_set():
            if not self._guarded("operations", self._queue.take):
                stop.wait(IDLE)
        self._ending.set()
        watch.stop()
        ends = time.monotonic() + ENDING
        self._queue.end(ENDING)
        for loop in loops:
            loop.join(max(0.0, ends - time.monotonic()))
        log.info("worker.end", extra={"owner": self._owner})

    def close(self) -> None:
        """Let go of everything. Walks that still go on lose their lease to the next worker."""
        self._probes.shutdown(wait=False, cancel_futures=True)
        self._client.close()
        for provider in self._tools.providers.values():
            provider.close()
        self._tools.store.close()

    def _carry_out(self, lease: operations.Lease) -> None:
        self._guarded("operation", lambda: carry_out(self._tools, self._installation, lease, self._ending.is_set))

    def _deliver(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self._guarded("delivery", lambda: deliver(self._tools.store, self._client)):
                stop.wait(IDLE)

    def _loops(self) -> tuple[Callable[[threading.Event], None], ...]:
        """What goes on beside operations, each in its thread; none waits for another, and no provider for another."""
        watch = Chore("monitor", TICK, lambda: monitor.tick(self._tools.store, self._probes))
        errands = Chore("errands", ERRANDS_PERIOD, lambda: chores.have_errands_done(self._client))
        own = map(self._of_provider, self._tools.providers)
        tables = (self._table(), (watch,), (errands,), self._ways(), *own)
        return self._deliver, *(partial(self._again_and_again, table) for table in tables)

    def _again_and_again(self, table: Sequence[Chore], stop: threading.Event) -> None:
        while not stop.is_set():
            for chore in table:
                if chore.due <= time.monotonic() and not stop.is_set():
                    self._guarded(chore.name, chore.work)
                    chore.due = time.monotonic() + chore.period
            stop.wait(IDLE)

    def _table(self) -> tuple[Chore, ...]:
        """Everything that is done again and again, with its period in seconds."""
        tools = self._tools
        return (
            Chore("expiry", TICK, lambda: chores.end_what_is_over(tools)),
            Chore("consoles", CONSOLES_PERIOD, lambda: consoles.forget(tools)),
            Chore("prune", PRUNE_PERIOD, lambda: monitor.prune(tools.store)),
            Chore("retention", PRUNE_PERIOD, lambda: chores.forget_what_is_old(tools)),
        )

    def _ways(self) -> tuple[Chore, ...]:
        """Where nodes cannot call, the broker dials: only then is there anything to hold open."""
        settings = self._tools.settings
        if all(own.reach == "home" for own in settings.providers.values()):
            return ()
        from broker.worker.tunnels import Tunnels, wanted

        tunnels = Tunnels((settings.door_address, settings.door_port))

        def look() -> None:
            with self._tools.store.read() as tx:
                tunnels.keep(wanted(tx, settings, self._installation, self._tools.key, tunnels.names()))

        return (Chore("tunnels", TICK, look),)

    def _of_provider(self, name: str) -> tuple[Chore, ...]:
        """What is asked of one provider."""
        tools, settings = self._tools, self._tools.settings
        return (
            Chore(f"offers {name}", settings.offer_period, lambda: chores.refresh_offers(tools, name)),
            Chore(f"consoles {name}", TICK, lambda: consoles.show(tools, name)),
            Chore(f"removal {name}", TICK, lambda: auditing.give_back(tools, self._installation, name)),
            Chore(f"observe {name}", OBSERVE_PERIOD, lambda: self._observing.turn(name)),
        )

    def _guarded(self, name: str, work: Callable[[], T]) -> T | None:
        """The worker's door: what fails is logged, and tried again at the next turn."""
        try:
            return work()
        except Exception:
            log.exception("worker.failed", extra={"what": name})
            return None
