"""The door's listener: gunicorn with TLS on the door's address, in a process of its own.

The address may not be there yet: the local provider adds it to `lo` with its first network, and IP_FREEBIND lets us
listen before. Nodes open connections from outside this machine: a connection has ten seconds for its handshake and its
head (`broker.web.listener`), waits are bounded in number and time, and there are more threads than places to wait.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn

from broker.agent import certificate
from broker.errors import Clash
from broker.settings import Settings
from broker.web.listener import Worker

THREADS = 136
WAITERS = 120
"""A hundred nodes wait at once, and sixteen threads are left for what they send. A thread is made when it is needed."""
CONNECTIONS = 1000
BACKLOG = 256
UNREAD = 32
"""Connections of one address whose handshake or head is under way: more are closed, so that a node that opens many and
says nothing takes a quarter of the threads and not all. An agent that is hit by it comes again."""

_IP_FREEBIND = 15  # linux/in.h; the socket module does not name them
_IPV6_FREEBIND = 78  # linux/in6.h


def run(settings: Settings) -> None:
    """Serve until SIGTERM. Makes the key and certificate at the first start."""
    certificate.path(settings)
    listening = listen(settings.door_address, settings.door_port)
    _Server(settings, listening).run()


def listen(address: str, port: int) -> socket.socket:
    """A listening socket on an address that this machine may or may not have now. Clash when it cannot be had."""
    six = ":" in address
    found = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(*((socket.IPPROTO_IPV6, _IPV6_FREEBIND) if six else (socket.IPPROTO_IP, _IP_FREEBIND)), 1)
    try:
        found.bind((address, port))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        message = f"the agents' door cannot listen on {address} port {port}: {error.strerror}"
        raise Clash(message, hint="end what listens there, or set door_port", code="door.address") from error
    return found


def context(settings: Settings) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.minimum_version = ssl.TLSVersion.TLSv1_2  # nodes of old images
    found.load_cert_chain(certificate.path(settings))
    return found


class _Server(BaseApplication):
    """gunicorn, told everything here: it reads no file and no command line."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings = settings
        self._listening = listening
        super().__init__()

    def load_config(self) -> None:
        shared = context(self._settings)  # one for all connections; gunicorn would make one for each

        def given(_config: Any, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
            return shared

        file = str(certificate.path(self._settings))
        options = {
            "bind": [f"fd://{self._listening.fileno()}"],
            "worker_class": _Worker,
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "keepalive": 75,
            "graceful_timeout": 1,  # what is cut off is asked again
            "certfile": file,
            "keyfile": file,
            "ssl_context": given,
            "logger_class": _Log,
            "control_socket_disable": True,
            "proc_name": "accords-door",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """In the serving process: a store is not shared over a fork."""
        from broker.door.app import application
        from broker.store import Store

        url = self._settings.database.format(home=self._settings.home, row="service")
        return application(Store.open(url), self._settings, waiters=WAITERS)


class _Worker(Worker):
    """With a limit for each address (`_reading` holds the connections whose head is not there yet), and without a
    main thread that waits for nodes: gunicorn's lingers there up to two seconds for a client to close its side."""

    def handle(self, conn: TConn) -> Any:
        if sum(_host(other) == _host(conn) for other in list(self._reading)) >= UNREAD:
            result = False
        else:
            result = super().handle(conn)
            if not result:
                _linger(conn.sock)
        if not result:
            with contextlib.suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)
        return result


def _host(conn: TConn) -> str:
    return str(conn.client[0]) if isinstance(conn.client, tuple) else ""


def _linger(connection: socket.socket) -> None:
    """Let the other side read its answer to the end and close (RFC 9112 9.6), a second at most."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1.0)
        connection.recv(4096)


class _Log(glogging.Logger):
    """gunicorn's events go where ours go."""

    def setup(self, cfg: Any) -> None:
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
