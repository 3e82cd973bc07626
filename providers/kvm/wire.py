"""The connection to libvirt, and one call of the driver's by it.

libvirt's calls have no deadline. So each call of the driver's is done by a thread of its own, that is left behind when
the time is over: it does not begin anything after that, and what it waits for ends with the connection, which libvirt's
own keepalive ends when the other side is silent. Connections may be shared by threads.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import libvirt

from providers.errors import Unavailable
from providers.kvm.errors import refusal
from providers.transport import Clock

P = ParamSpec("P")
T = TypeVar("T")

INTERVAL, COUNT = 5, 3
"""A connection whose other side says nothing for so many times so many seconds is ended."""
_ATTENDED = threading.Lock()
_attending: list[threading.Thread] = []


class Wire:
    """One host's connection, opened when it is needed and opened anew when it has ended. `virt`: what machines are run
    with there, once a boot has shown it (`boot`)."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.virt: str | None = None
        self._lock = threading.Lock()
        self._host: libvirt.virConnect | None = None

    def host(self, clock: Clock) -> libvirt.virConnect:
        if not self._lock.acquire(timeout=clock.left()):
            raise Unavailable("another call still waits for the connection to libvirt")
        try:
            if self._host is None or not self._host.isAlive():
                self.virt = None
                self._host = _opened(self.uri)
            return self._host
        finally:
            self._lock.release()

    def close(self) -> None:
        with self._lock:
            host, self._host = self._host, None
        if host is not None:
            host.close()


class Session:
    """One call of the driver's. `changed`: something of it may have changed the host."""

    def __init__(self, wire: Wire, deadline: float) -> None:
        self.wire, self.clock = wire, Clock(deadline)
        self.changed = False
        self._over = False
        self._lock = threading.Lock()

    @property
    def host(self) -> libvirt.virConnect:
        self._begin(changes=False)
        return self.wire.host(self.clock)

    def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a call of libvirt's answers that changes nothing. Raises errors of ours."""
        return self._done(False, call, *args, **kwargs)

    def change(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same of a call that changes something."""
        return self._done(True, call, *args, **kwargs)

    def bounded(self, work: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work answers or raises, or Unavailable when the time is over first."""
        results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.put((work(self, *args, **kwargs), None))
            except BaseException as error:  # noqa: BLE001 - it is raised by whoever waits
                results.put((None, error))

        if not self.clock.left():
            raise Unavailable("no time was left to ask libvirt")
        threading.Thread(target=run, daemon=True, name="kvm").start()
        try:
            result, error = results.get(timeout=self.clock.left())
        except queue.Empty:
            self._end()
            raise Unavailable("libvirt did not answer in time") from None
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # it is None only where T is

    def _done(self, changes: bool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._begin(changes=changes)
        try:
            return call(*args, **kwargs)
        except libvirt.libvirtError as error:
            raise refusal(error, changes=changes) from error

    def _begin(self, *, changes: bool) -> None:
        with self._lock:
            if self._over or not self.clock.left():
                raise Unavailable("no time was left to ask libvirt")
            self.changed |= changes

    def _end(self) -> None:
        """Nothing is begun after this, so that `changed` is the last word."""
        with self._lock:
            self._over = True


def _opened(uri: str) -> libvirt.virConnect:
    _attend()
    try:
        host = libvirt.open(uri)
        host.setKeepAlive(INTERVAL, COUNT)
    except libvirt.libvirtError as error:
        raise _unopened(uri, error) from error
    return host


def _unopened(uri: str, error: libvirt.libvirtError) -> Exception:
    """Nothing was asked yet: what leaves that open elsewhere is plain here."""
    found = refusal(error, changes=False)
    return type(found)(f"{uri}: {found.message}")


def _attend() -> None:
    """libvirt's own loop, which keepalive needs: one thread of this process, for all connections. Errors are raised, so
    that libvirt need not print them."""
    with _ATTENDED:
        if _attending:
            return
        libvirt.registerErrorHandler(lambda *_: None, None)
        libvirt.virEventRegisterDefaultImpl()
        _attending.append(threading.Thread(target=_loop, daemon=True, name="libvirt"))
        _attending[0].start()


def _loop() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
