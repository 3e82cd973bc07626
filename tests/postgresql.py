"""A PostgreSQL of the tests' own: Debian's package, a data directory of its own, on a loopback address of its own, run
by an unprivileged user and ended with the tests. Nothing of it is shared with a server that the machine may run."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.loopback import own_address

ROOM = 4 * 1024**3
"""Bytes that all databases of a run stay below by far."""

DISK = "/var/tmp"  # noqa: S108 - a folder of our own is made in it

BEGINS = 60.0
"""Seconds a server may take to answer."""


@dataclass(frozen=True)
class Server:
    """A running server; `process` is its main process, `folder` has its socket, which is reached from every network
    of this machine."""

    address: str
    password: str
    process: subprocess.Popen[bytes]
    folder: Path
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        return f"postgresql://accords:{self.password}@{self.address}/{database}"

    def local_url(self, database: str) -> str:
        """By the socket; what is to follow comes after `&`."""
        return f"postgresql://accords:{self.password}@/{database}?host={self.folder}"

    def make(self, template: str = "template0", name: str = "") -> str:
        """A new database, empty or a copy; its name. What sorts texts is not bytes, as on most servers."""
        name = name or f"test_{next(self.names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} LOCALE 'C.UTF-8'")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def end_connections(self, database: str) -> None:
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", values=[database])

    def run(
        self, statement: str, database: str = "postgres", values: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """Carry out one statement; the rows it gives."""
        import psycopg

        with psycopg.connect(self.local_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


def binaries() -> Path | None:
    """Where the newest PostgreSQL of this machine has its programs; None: there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@contextmanager
def server(*, in_memory: bool = True, address: str = "") -> Iterator[Server]:
    """A server, its data in memory where there is plenty; or a skip at home and a failure in continuous integration. It
    listens on an address of its own, or on the one that is given, and answers everybody on its network."""
    programs = binaries()
    if programs is None:
        missing = "PostgreSQL is not installed: apt-get install --no-install-recommends postgresql"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="accords-postgresql-", dir=_quick() if in_memory else DISK))
    password = secrets.token_hex(8)
    user = _user()
    (folder / "password").write_text(password)
    if user is not None:
        for path in (folder, folder / "password"):
            os.chown(path, user.pw_uid, user.pw_gid)
    try:
        with _running(programs, folder, password, user, address or own_address()) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    programs: Path, folder: Path, password: str, user: pwd.struct_passwd | None, address: str
) -> Iterator[Server]:
    identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    made = [programs / "initdb", "-D", folder / "data", "-U", "accords", "-A", "scram-sha-256"]
    made += ["--pwfile", folder / "password", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder, **identity)  # type: ignore[call-overload]  # ids
    with (folder / "data/pg_hba.conf").open("a") as allowed:
        allowed.write("host all all samenet scram-sha-256\n")
    told = {"listen_addresses": address, "unix_socket_directories": folder, "max_connections": 300}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # type: ignore[call-overload]  # ids
            # ends with us, however we end
            ["setpriv", "--pdeathsig", "QUIT", programs / "postgres", "-D", folder / "data"]
            + [part for name, value in told.items() for part in ("-c", f"{name}={value}")],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **identity,
        )
    found = Server(address, password, process, folder)
    try:
        _until_it_answers(found, folder / "log")
        yield found
    finally:
        process.send_signal(signal.SIGQUIT)  # "immediate": nobody needs what it holds
        process.wait(60)


def _until_it_answers(found: Server, log: Path) -> None:
    import psycopg

    until = monotonic() + BEGINS
    while True:
        try:
            found.run("SELECT 1")
        except psycopg.OperationalError:
            if monotonic() > until or found.process.poll() is not None:
                raise AssertionError(f"PostgreSQL did not begin: {log.read_text()[-2000:]}") from None
            sleep(0.05)  # between two looks
        else:
            return


def _quick() -> str | None:
    """Memory, where there is plenty: every test has a database, and a disk that others use is slow to make one. What is
    to be on the disk is still waited for."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    return str(memory) if roomy else None


def _user() -> pwd.struct_passwd | None:
    """Whose server it is: root may run none."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
