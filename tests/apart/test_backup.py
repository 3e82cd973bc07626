"""A broker in one file: written while others write, of one moment, restored whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import auth, backup, running
from broker.errors import AccordsError, Clash, Misconfigured
from broker.settings import Settings
from broker.store import Record, Store, entities
from providers.libcloud.ledger import Ledger, Row
from providers.protocol import Kind
from tests.crash.scene import Scene, kill, until
from tests.databases import ON_POSTGRESQL, open_store
from tests.operations.stage import Stage

pytestmark = pytest.mark.skipif(ON_POSTGRESQL, reason="PostgreSQL's own tools copy it")

NODE = "http://scheme.compatibleone.fr/scheme/compatible#node"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(home=tmp_path / "home")
    auth.installation(found)
    for row in ("service", "node"):
        open_store(found.home, row).close()
    (found.home / "accords.yaml").write_text("threads: 9\n")
    return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path)
    yield found
    found.close()


@pytest.fixture
def archive(settings: Settings, tmp_path: Path) -> Path:
    backup.write(settings, tmp_path / "broker.tar")
    return tmp_path / "broker.tar"


def elsewhere(settings: Settings) -> Settings:
    return settings.model_copy(update={"home": settings.home.with_name("new")})


def count(home: Path, row: str) -> int:
    store = open_store(home, row)
    with store.read() as tx:
        found = len(entities.page(tx, "ward", limit=100_000).records)
    store.close()
    return found


def test_everything_is_there_in_a_new_home(settings: Settings, archive: Path) -> None:
    new = elsewhere(settings)
    found = backup.read(new, archive)
    assert found == backup.Contents(("service", "node"), ("installation.json", "accords.yaml"))
    assert auth.installation(new) == auth.installation(settings)
    assert (new.home / "accords.yaml").read_text() == "threads: 9\n"
    assert {path.name for path in new.home.glob("*.sqlite")} == {"service.sqlite", "node.sqlite"}
    assert not list(new.home.glob(".restore-*"))


def test_the_archive_is_its_owners_only_and_so_is_what_is_restored(settings: Settings, archive: Path) -> None:
    new = elsewhere(settings)
    backup.read(new, archive)
    made = [archive, *new.home.glob("*.sqlite"), new.home / "installation.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_what_is_remembered_of_a_cloud_that_keeps_no_tags_is_in_it(settings: Settings, tmp_path: Path) -> None:
    ledger = Ledger(settings.home / "libcloud" / "sky.sqlite")
    ledger.begin(Kind.MACHINE, Row("t1", "7", "web", {"accords-service": "pacs"}))
    written = backup.write(settings, tmp_path / "broker.tar")
    assert "libcloud.sky" in written.rows
    backup.read(elsewhere(settings), tmp_path / "broker.tar")
    (row,) = Ledger(elsewhere(settings).home / "libcloud" / "sky.sqlite").of(Kind.MACHINE)
    assert row.tags == {"accords-service": "pacs"}


def test_keys_stay_away_when_asked(settings: Settings, tmp_path: Path) -> None:
    assert backup.write(settings, tmp_path / "bare.tar", keys=False).keys == ()
    key = auth.installation(settings).key.encode()
    assert key not in (tmp_path / "bare.tar").read_bytes()


def test_what_is_written_meanwhile_is_in_all_rows_or_in_none(settings: Settings, tmp_path: Path) -> None:
    """Each entity is stored at one row, then at the other: of one moment, they differ by one at most."""
    stop = threading.Event()
    written = []

    def write() -> None:
        stores: list[Store] = [open_store(settings.home, row) for row in ("service", "node")]
        while not stop.is_set():
            for store in stores:
                with store.write() as tx:
                    entities.insert(tx, Record("ward", NODE, tx.new_id()))
            written.append(1)
        for store in stores:
            store.close()

    writing = threading.Thread(target=write)
    writing.start()
    until(lambda: written, "something is written")
    for number in range(5):
        before = len(written)
        backup.write(settings, tmp_path / f"{number}.tar")
        until(lambda before=before: len(written) > before, "the writer goes on")
    stop.set()
    writing.join()
    for number in range(5):
        new = settings.model_copy(update={"home": tmp_path / f"home-{number}"})
        backup.read(new, tmp_path / f"{number}.tar")
        assert count(new.home, "service") - count(new.home, "node") in (0, 1)


def test_nothing_is_restored_where_a_broker_runs(settings: Settings, archive: Path) -> None:
    new = elsewhere(settings)
    stays = "import sys; from pathlib import Path; from broker import running; running.stay(Path(sys.argv[1]))"
    code = f"{stays}; print(flush=True); input()"
    command = [sys.executable, "-c", code, str(new.home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        with pytest.raises(Clash) as caught:
            backup.read(new, archive)
    finally:
        process.communicate(b"\n")
    assert caught.value.code == "home.busy"
    assert not list(new.home.glob("*.sqlite"))
    backup.read(new, archive)


def test_nothing_is_restored_over_a_broker_that_is_there(settings: Settings, archive: Path) -> None:
    with pytest.raises(Clash) as caught:
        backup.read(settings, archive)
    assert caught.value.code == "restore.there"


def test_nothing_is_restored_into_another_installation(settings: Settings, archive: Path) -> None:
    new = elsewhere(settings)
    auth.installation(new)
    with pytest.raises(Clash) as caught:
        backup.read(new, archive)
    assert caught.value.code == "restore.installation"


def test_a_damaged_archive_changes_nothing(settings: Settings, archive: Path) -> None:
    text = bytearray(archive.read_bytes())
    text[len(text) // 2] ^= 0xFF
    archive.write_bytes(text)
    new = elsewhere(settings)
    with pytest.raises(Misconfigured):
        backup.read(new, archive)
    assert {path.name for path in new.home.iterdir()} <= {running.LOCK}


@pytest.mark.parametrize("name", ["../beside", "/tmp/accords-beside", "rows/../../beside"])  # noqa: S108 - never written
def test_an_archive_writes_nothing_but_below_its_home(settings: Settings, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "odd.tar", "w") as odd:
        odd.add(settings.home / "accords.yaml", name)
    with pytest.raises(Misconfigured):
        backup.read(elsewhere(settings), tmp_path / "odd.tar")
    assert not [*tmp_path.rglob("beside"), *Path("/tmp").glob("accords-beside")]  # noqa: S108 - that it is not written


def test_what_is_no_archive_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear broker")
    with pytest.raises(Misconfigured):
        backup.read(elsewhere(settings), tmp_path / "letter.txt")
    with tarfile.open(tmp_path / "empty.tar", "w"), pytest.raises(Misconfigured):
        backup.read(elsewhere(settings), tmp_path / "empty.tar")


def test_nothing_starts_on_half_a_restore_and_repeating_it_completes(settings: Settings, archive: Path) -> None:
    new = elsewhere(settings)
    code = (
        "import os, sys; from pathlib import Path; from broker import backup; from broker.settings import Settings\n"
        "put, moved = backup._put, []\n"
        "def die(file, place):\n"
        "    if moved: os.kill(os.getpid(), 9)\n"
        "    moved.append(put(file, place))\n"
        "backup._put = die\n"
        "backup.read(Settings(home=Path(sys.argv[1])), Path(sys.argv[2]))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(new.home), str(archive)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with pytest.raises(Clash) as caught:
        running.stay(new.home)
    assert caught.value.code == "restore.half"
    backup.read(new, archive)
    assert count(new.home, "service") == count(new.home, "node") == 0
    assert not list(new.home.glob(".restore-*"))
    assert not (new.home / running.MARK).exists()


def test_a_database_elsewhere_is_left_to_its_own_tools(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(AccordsError) as caught:
        backup.write(settings.model_copy(update={"database": "postgresql://h/d?schema={row}"}), tmp_path / "x.tar")
    assert caught.value.code == "backup.database"
    assert not (tmp_path / "x.tar").exists()


def test_the_commands_say_what_they_did(settings: Settings, tmp_path: Path) -> None:
    accords = str(Path(sys.executable).with_name("accords"))

    def ran(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
        given = os.environ | {"ACCORDS_HOME": str(home)}
        return subprocess.run([accords, *words], env=given, text=True, capture_output=True, timeout=60, check=False)

    done = ran(settings.home, "backup", str(tmp_path / "b.tar"))
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "keys: installation.json, accords.yaml"), done.stderr
    assert ran(settings.home, "restore", str(tmp_path / "b.tar")).returncode == 4
    assert ran(tmp_path / "new", "restore", str(tmp_path / "b.tar")).returncode == 0
    assert ran(tmp_path / "new", "restore", str(tmp_path / "none.tar")).returncode == 2


def test_a_walk_goes_on_where_it_was_restored(scene: Scene, tmp_path: Path) -> None:
    """Backed up in the middle of a call to the cloud; the broker is lost; the restored one makes nothing twice."""
    auth.installation(scene.stage.settings)
    scene.hold("create", 3, "after")
    service = scene.stage.submit()
    worker = scene.start()
    until(scene.cloud.held, "a call is held")
    backup.write(scene.stage.settings, tmp_path / "walk.tar")
    kill(worker)
    scene.cloud.calm()
    new = tmp_path / "new"
    backup.read(Settings(home=new), tmp_path / "walk.tar")
    scene.stage.store.close()
    scene.home = new
    scene.stage = Stage(new, scene.cloud)
    scene.start()
    scene.settled(service, "active")
    assert scene.twice() == []
