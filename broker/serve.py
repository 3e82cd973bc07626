"""`accords serve`: gunicorn around one row, around all of them, or around the agents' door; the stream of events.

One process listens on every port of the rows it serves; the listener's port picks the row, so an address is the same
whether a row is alone or not. The parent loads everything and its child serves: what is never written is shared.
Nothing that is open crosses a fork: stores and connections are made by the first request that needs them.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from broker import addresses, auth, discovery, logs, memory, running, services
from broker.client import Client
from broker.hooks import publication
from broker.services import ROWS, Row
from broker.settings import Settings
from broker.web import listener
from broker.web.app import Rows
from broker.web.site import Site

ALL = "all"
DOOR = "agent"
STREAM = "stream"

HEADER_FIELD = 65_536
"""Bytes of one request header: text/occi carries whole entities in one."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(settings: Settings, name: str, *, beside: Sequence[Callable[[], None]] = ()) -> None:
    """Serve a row, `all` of them with the door, the door alone (`agent`), or the `stream` of events, until told to end.

    `beside`: what else to run, each in a child that shares this process' memory and ends with it: a worker, say.
    """
    logs.configure(settings.log_level)
    running.stay(settings.home)
    memory.settle()
    identity = auth.installation(settings)
    if identity.new:
        _welcome(identity.key, settings.account)
    if alone := {DOOR: _door, STREAM: _stream}.get(name):
        running.beside_service(settings)
        alone(settings)
        return
    rows = ROWS if name == ALL else (services.row(name),)
    served = Rows(rows, settings, identity.key)
    memory.apart(lambda: _migrate(served))
    _load(served, door=name == ALL)
    works = (*beside, *([lambda: _door(settings)] if name == ALL else []))
    children = [_beside(work) for work in works]
    software = listener.COMPATIBLE if settings.occi_1_1 else listener.SOFTWARE
    Server(served.by_port, _options(settings, rows, served, children), software).run()


class Log(glogging.Logger):
    """gunicorn's events go where ours go."""

    def setup(self, cfg: Any) -> None:
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")


class Server(BaseApplication):
    """gunicorn, told everything here: it reads no file and no command line."""

    def __init__(self, app: Any, options: dict[str, Any], software: str) -> None:
        self._app = app
        self._software = software
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        listener.brand(self._software)
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def _options(settings: Settings, rows: Sequence[Row], served: Rows, children: Sequence[int]) -> dict[str, Any]:
    return {
        "bind": _binds(settings, rows),
        "worker_class": listener.Worker,
        "workers": 1,
        "threads": settings.threads + (publication.WAITERS if discovery.PUBLISHER in served.sites else 0),
        "preload_app": True,
        "keepalive": 30,
        "graceful_timeout": 5,
        "limit_request_line": 8190,
        "limit_request_field_size": HEADER_FIELD,
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "logger_class": Log,
        "proc_name": f"accords-{rows[0].name if len(rows) == 1 else ALL}",
        "worker_tmp_dir": _memory(),
        "pre_fork": lambda _arbiter, _worker: gc.freeze(),
        "on_exit": lambda _arbiter: _end(children),
        **_publishing(settings, rows, served),
    }


def _binds(settings: Settings, rows: Sequence[Row]) -> list[str]:
    """Every row's own address, and where all are served the one that they have in common."""
    ports = [addresses.port(settings, row.name) for row in rows]
    if settings.origin_port is not None and len(rows) == len(ROWS):
        ports.append(settings.origin_port)
    return [addresses.at(settings, port).removeprefix("http://") for port in ports]


def _publishing(settings: Settings, rows: Sequence[Row], served: Rows) -> dict[str, Callable[..., None]]:
    """The serving process keeps its rows published, knows where the others are, and closes what it opened when it
    ends."""
    keeping: list[discovery.Renewal | discovery.Watch | discovery.Mirror] = []

    def begin(_worker: Any) -> None:
        site = served.sites[rows[0].name]
        published = [discovery.Published(row.name, row.kinds, addresses.public(settings, row.name)) for row in rows]
        keeping.append(discovery.Renewal(site.client, published, lease=settings.publication_lease, now=site.now))
        if site.client.needs_others:
            keeping.append(discovery.Watch(site.client))
        if discovery.PUBLISHER in served.sites:
            keeping.extend(_mirrors(settings, served.sites[discovery.PUBLISHER]))
        for each in keeping:
            each.start()

    def end(_arbiter: Any, _worker: Any) -> None:
        for each in keeping:
            each.stop()
        served.close()

    return {"post_worker_init": begin, "worker_exit": end}


def _mirrors(settings: Settings, site: Site) -> list[discovery.Mirror]:
    """One for each other publisher of the settings."""
    own = addresses.public(settings, discovery.PUBLISHER)
    token = auth.issue(site.key, auth.Principal(discovery.PUBLISHER, auth.PLATFORM, auth.Role.SERVER))

    def mirror(address: str) -> discovery.Mirror:
        alone = settings.model_copy(update={"publisher": address, "mirrors": (), "rows": {}})
        look = partial(discovery.living, site.store, settings.publication_lease)
        return discovery.Mirror(Client(alone, token), own, look)

    others = (address.rstrip("/") for address in settings.mirrors)
    return [mirror(address) for address in others if address not in (own, addresses.listening(settings, site.row.name))]


def _door(settings: Settings) -> None:
    from broker.door import listener as door

    listener.brand()
    door.run(settings)


def _stream(settings: Settings) -> None:
    from broker.stream import listener as stream

    stream.run(settings)


def _migrate(served: Rows) -> None:
    for site in served.sites.values():
        site.store.close()


def _load(served: Rows, *, door: bool) -> None:
    """Load here, where it is shared, what children would load when they first need it: whatever a child loads by itself
    lies between what it shares, and has the kernel copy that."""
    if door:
        import broker.door.app  # noqa: F401 - see above
    for site in served.sites.values():
        site.load()


def _beside(work: Callable[[], None]) -> int:
    """Do it in a child that ends with this process; its id. Forked after loading, so that memory is shared."""
    parent = os.getpid()
    gc.freeze()
    child = os.fork()
    if child:
        return child
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        work()
    sys.exit(0)


def _end(children: Sequence[int]) -> None:
    """End the processes beside this one, and wait until they have."""
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
    for child in children:
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _memory() -> str | None:
    """A folder in memory for gunicorn's heartbeat: on a disk, a slow write would look like a dead worker."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file in it


def _welcome(key: str, account: str) -> None:
    """The administrator's token, shown this once and stored nowhere."""
    token = auth.issue(key, auth.Principal("admin", account, auth.Role.ADMIN))
    sys.stderr.write(
        f"\nThis is the first start. The administrator's token, shown this once:\n\n    {token}\n\n"
        "Put it into ACCORDS_TOKEN. `accords token` makes another on this machine.\n\n"
    )
    sys.stderr.flush()
