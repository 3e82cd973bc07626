"""A canary in place of every generated secret: the whole demo leaves it where it is used, and nowhere else.

It is used in the table that keeps secrets, in the agents' environment files and in Orthanc's own configuration, each
readable by its owner alone. Everything else is searched: databases, logs, consoles, journals, user-data, answers,
command lines.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from broker.client import Client
from broker.occi import kinds
from broker.services import ROWS
from tests.pacs import canary_worker
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.canary_worker import CANARY
from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

USED = {"agents": "/accords-agent/environment", "Orthanc": "/etc/orthanc/orthanc.json"}


@dataclass
class Watch:
    """Looks at every process of this machine, nodes' included, again and again until told to end."""

    node: str
    seen: set[str] = field(default_factory=set)
    looks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.looks += 1
            self.seen.update(found for folder in Path("/proc").glob("[0-9]*") for found in self._look(folder))

    def _look(self, folder: Path) -> Iterator[str]:
        """A node's scripts are given it in their environment, and nobody else's process."""
        try:
            words = (folder / "cmdline").read_bytes()
            if CANARY.encode() in words:
                yield f"command line: {words!r}"
            if (
                self.node not in (folder / "cgroup").read_text()
                and CANARY.encode() in (folder / "environ").read_bytes()
            ):
                yield f"environment of {words!r}"
        except OSError:  # it has ended
            return


@pytest.fixture(scope="module")
def sung() -> Iterator[tuple[Pacs, Watch]]:
    """The demo with the canary: deployed and used, watched all the while."""
    worker = (sys.executable, str(Path(canary_worker.__file__)))
    here = OnThisMachine.made(worker=worker)
    try:
        can_run(here)
        here.start()
        with Watch(f".{here.prefix}m") as watch:
            pacs = Pacs(here)
            pacs.bring_up()
            pacs.store()
            here.told("restart", SERVICE, "--wait")
            pacs.store()
            yield pacs, watch
    finally:
        here.clear()


def test_it_is_really_what_the_archive_and_its_database_use(sung: tuple[Pacs, Watch]) -> None:
    """Orthanc logs in with it: what was stored is in the index."""
    pacs, _ = sung
    assert CANARY in pacs.here.run("pacs", "cat", USED["Orthanc"])
    for node in ("pacs", "pacs-db"):
        assert CANARY in pacs.here.run(node, "cat", "/var/lib" + USED["agents"])
    assert pacs.query("select count(*) from resources") != ["0"]


def test_no_process_shows_it(sung: tuple[Pacs, Watch]) -> None:
    _, watch = sung
    assert watch.looks > 50
    assert watch.seen == set()


def test_no_table_holds_it_but_the_one_of_secrets(sung: tuple[Pacs, Watch]) -> None:
    assert tables_with_it(sung[0].here) == {("service.sqlite", "secrets")}


def test_no_file_holds_it_but_those_that_are_for_it(sung: tuple[Pacs, Watch]) -> None:
    """Every file of the installation and of its nodes: logs, consoles, journals, user-data, databases' own."""
    here = sung[0].here
    found = files_with_it(here)
    others = [path for path in found if not any(str(path).endswith(end) for end in USED.values())]
    assert {path.name.split("-")[0] for path in others} <= {"service.sqlite"}, others
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} is for its owner alone"


def test_no_answer_tells_it(sung: tuple[Pacs, Watch]) -> None:
    """To the administrator, who may see everything: each entity of each kind of each row, and what rows tell beside."""
    client = sung[0].here.client()
    answers = dict(everything(client, sung[0].report["service"]["id"]))
    client.close()
    assert len(answers) > 40
    assert [path for path, text in answers.items() if CANARY in text] == []


def test_the_release_leaves_it_nowhere(sung: tuple[Pacs, Watch]) -> None:
    pacs, watch = sung
    pacs.here.told("release", SERVICE, "--volumes", "--yes", SERVICE)
    assert tables_with_it(pacs.here) == set()
    assert watch.seen == set()
    # SQLite's own log of changes, readable by its owner alone, has it until it is written over.
    assert {path.name for path in files_with_it(pacs.here)} <= {"service.sqlite-wal"}


def everything(client: Client, service: str) -> Iterator[tuple[str, str]]:
    """(path, answer) of all that the rows tell."""
    for row in ROWS:
        registry = kinds.registry(row.name)
        yield f"{row.name}/-/", client.request(row.name, "GET", "/-/").text
        for kind in row.kinds:
            collection = registry.path(kind, "")
            listed = client.get(row.name, collection)
            yield collection, str(listed)
            for entity in listed.get("resources", ()) or listed.get("links", ()):
                path = registry.path(kind, str(entity["id"]).removeprefix("urn:uuid:"))
                yield path, client.request(row.name, "GET", path).text
    for path in (
        f"/service/{service}/report",
        f"/service/{service}/logs",
        "/event/?after=0",
        "/provider/?view=offers",
        "/volumes",
    ):
        yield path, client.request("service", "GET", path).text


def tables_with_it(here: OnThisMachine) -> set[tuple[str, str]]:
    """(database, table) of every table that has it anywhere."""
    return {(path.name, table) for path in here.home.glob("*.sqlite") for table in _tables(path)}


def _tables(path: Path) -> Iterator[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            rows: Any = database.execute(f'select * from "{name}"')  # noqa: S608 - the database's own names
            if any(CANARY in str(value) for row in rows for value in row):
                yield name


def files_with_it(here: OnThisMachine) -> list[Path]:
    """Every file below the home that has it; what a node writes is below the home too."""
    paths = (Path(folder, name) for folder, _, names in os.walk(here.home) for name in names)
    return [path for path in paths if _is_file(path) and CANARY.encode() in path.read_bytes()]


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
