"""Bad luck: an agent that is killed, a machine that dies, a broker that is away, an answer that is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broker.agent import certificate
from broker.door import listener
from broker.settings import Settings
from broker.store import samples, tables
from tests.databases import open_store

from .conftest import DoorProcess, Node, free_port, until


def test_an_agent_killed_while_a_script_runs_repeats_nothing_and_reports_how_it_ended(
    node: Node, tmp_path: Path
) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    id = node.tell("run", script=f"echo begun >>{out}; while ! [ -e {gate} ]; do sleep 0.05; done; echo done; exit 3")
    until(out.exists, "the script runs")
    node.kill()
    node.start()
    gate.touch()
    found = node.ended(id)
    assert (found.exit, found.output) == (3, "done\n")
    assert out.read_text() == "begun\n"


def test_a_script_that_ended_while_no_agent_ran_is_reported_by_the_next(node: Node, tmp_path: Path) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    id = node.tell("run", script=f"echo begun >>{out}; while ! [ -e {gate} ]; do sleep 0.05; done; exit 4")
    until(out.exists, "the script runs")
    node.kill()
    gate.touch()
    until((node.state / "run" / id / "exit").exists, "the script ends")
    node.start()
    assert node.ended(id).exit == 4
    assert out.read_text() == "begun\n"


def _die(node: Node, id: str) -> None:
    """The machine goes down: agent and script at once."""
    node.kill()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"{node.state}/run/{id}".encode() in _cmdline(entry):
            os.killpg(int(entry.name), signal.SIGKILL)
            return
    raise AssertionError("the script does not run")


def _cmdline(entry: Path) -> bytes:
    try:
        words = (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return b""
    return words[-2] if b"accords" in words else b""


def test_a_run_that_the_machine_died_under_is_reported_interrupted_and_not_repeated(node: Node, tmp_path: Path) -> None:
    out = tmp_path / "out"
    id = node.tell("run", script=f"echo begun | tee -a {out}; sleep 1000")
    until(out.exists, "the script runs")
    _die(node, id)
    node.start()
    found = node.ended(id)
    assert found.exit == 75
    assert "interrupted" in found.output
    assert out.read_text() == "begun\n"


def test_an_install_that_the_machine_died_under_is_carried_out_again(node: Node, tmp_path: Path) -> None:
    out, gate = tmp_path / "out", tmp_path / "gate"
    id = node.tell("install", script=f"echo begun >>{out}; while ! [ -e {gate} ]; do sleep 0.05; done")
    until(out.exists, "the script runs")
    _die(node, id)
    gate.touch()
    node.start()
    assert node.ended(id).exit == 0
    assert out.read_text() == "begun\nbegun\n"


def test_what_was_done_is_not_done_again_when_the_broker_asks_again(node: Node, tmp_path: Path) -> None:
    out = tmp_path / "out"
    id = node.tell("run", script=f"echo once >>{out}; exit 5")
    assert node.ended(id).exit == 5
    with node.store.write() as tx:  # a broker that came back from an older copy of its database
        tx.run(tables.instructions.update().where(tables.instructions.c.id == id).values(exit=None, ended=None))
    assert node.ended(id).exit == 5
    assert out.read_text() == "once\n"


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[DoorProcess]:
    found = DoorProcess(Settings(home=tmp_path / "home", door_address="127.9.8.6", door_port=free_port()))
    found.settings.home.mkdir()
    found.open()
    yield found
    found.shut()


@pytest.fixture
def own_node(tmp_path: Path, own_door: DoorProcess) -> Iterator[Node]:
    settings = own_door.settings
    store = open_store(settings.home)
    node = Node(tmp_path / "own", store, settings).start()
    yield node
    node.kill()
    store.close()


def test_a_node_survives_the_broker_being_away_and_keeps_what_it_measured(
    own_node: Node, own_door: DoorProcess, tmp_path: Path
) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    own_node.does("probe", metric="disk:used", location=str(tmp_path), period=1)
    id = own_node.tell("run", script=f"touch {out}; while ! [ -e {gate} ]; do sleep 0.05; done; echo finished")
    until(out.exists, "the script runs")
    own_door.shut()
    left = own_node.store.now()
    gate.touch()
    until((own_node.state / "run" / id / "exit").exists, "the script ends without a broker")
    until(lambda: own_node.store.now() > left + 2_500_000, "two periods without a broker")
    back = own_node.store.now()
    own_door.open()
    assert own_node.ended(id).output == "finished\n"
    assert own_node.does("run", script="echo on").output == "on\n"

    def meanwhile() -> bool:
        with own_node.store.read() as tx:
            found = samples.window(
                tx, own_node.account, own_node.service, "disk:used", own_node.name, location=str(tmp_path)
            )
        return any(left < sample.at < back for sample in found)

    until(meanwhile, "a sample of the time without a broker, at its own time")


class _LosesHello(BaseHTTPRequestHandler):
    """Between node and door: passes everything on, and loses the first answer to hello."""

    def do_POST(self) -> None:
        import http.client

        door = self.server.door  # type: ignore[attr-defined]  # given by the test
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        passed = http.client.HTTPSConnection(*door.where, context=_trusting(door.settings))
        passed.request(self.command, self.path, body, dict(self.headers))
        answer = passed.getresponse()
        text = answer.read()
        self.server.heard.append((self.path, answer.status))  # type: ignore[attr-defined]  # given by the test
        if len(self.server.heard) == 1:  # type: ignore[attr-defined]  # given by the test
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST  # noqa: N815 - the name is the base class's

    def log_message(self, *_: object) -> None:
        pass


def _trusting(settings: Settings):  # type: ignore[no-untyped-def]  # an SSLContext
    import ssl

    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname = False
    found.load_verify_locations(cadata=certificate.pinned(settings))
    return found


def test_a_lost_answer_to_hello_does_not_lock_the_node_out(make_node: Callable[..., Node], door: DoorProcess) -> None:
    line = ThreadingHTTPServer(("127.0.0.1", 0), _LosesHello)
    line.door, line.heard = door, []  # type: ignore[attr-defined]  # read by the handler
    line.socket = listener.context(door.settings).wrap_socket(line.socket, server_side=True)
    Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    node = make_node()
    node.configure({**node.config(), "address": "127.0.0.1", "port": line.server_port})
    node.start()
    until(node.seen, "the agent calls with its key")
    line.shutdown()
    line.server_close()
    assert line.heard[:2] == [("/v1/hello", 200)] * 2  # type: ignore[attr-defined]  # given by the test


def test_a_door_with_another_certificate_is_told_nothing(
    make_node: Callable[..., Node], door: DoorProcess, tmp_path: Path
) -> None:
    other = Settings(home=tmp_path / "other", door_address="127.0.0.1", door_port=free_port())
    certificate.path(other)
    heard: list[str] = []

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)

    line = ThreadingHTTPServer(("127.0.0.1", 0), Hears)
    line.socket = listener.context(other).wrap_socket(line.socket, server_side=True)
    Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    node = make_node()
    node.configure({**node.config(), "address": "127.0.0.1", "port": line.server_port})
    node.start()
    until(lambda: "door.away" in node.log, "the agent refuses the door")
    line.shutdown()
    line.server_close()
    assert "certificate" in node.log.lower()
    assert heard == []
    assert node.seen() is None


def test_a_machine_that_begins_from_the_image_of_another_is_a_node_of_its_own(
    make_node: Callable[..., Node], door: DoorProcess
) -> None:
    first = make_node().start()
    assert first.does("configure", symbol="a.b", value="first's").exit == 0
    first.kill()
    second = make_node(name="pacs")
    first.state.rename(second.state)
    second.start()
    assert second.does("run", script='echo "[$a_b]"').output == "[]\n"


def test_two_agents_never_work_side_by_side(node: Node, tmp_path: Path) -> None:
    until(node.seen, "the first agent")
    second = subprocess.Popen(
        [sys.executable, "-I", "agent.py", "--config", "config.json", "--state", str(node.state)],
        cwd=node.folder,
        stderr=subprocess.PIPE,
    )
    try:
        assert node.does("run", script="echo one").output == "one\n"
        assert second.poll() is None
    finally:
        second.kill()
        _, said = second.communicate()
    assert b"instruction" not in said


def _oldest() -> str | None:
    found = sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python"))
    return str(found[0]) if found else None


@pytest.mark.skipif(_oldest() is None, reason="no Python 3.7 on this machine")
def test_the_agent_runs_on_the_python_of_old_images(make_node: Callable[..., Node], door: DoorProcess) -> None:
    node = make_node(python=_oldest()).start()
    node.does("probe", metric="cpu", period=1)
    assert node.does("configure", symbol="a.b", value="x").exit == 0
    assert node.does("run", script="echo $a_b").output == "x\n"


def test_the_journal_forgets_old_outcomes_and_never_an_undelivered_one(tmp_path: Path) -> None:
    from broker.agent.node import REMEMBERED, Journal

    journal = Journal(tmp_path / "journal.json")
    for n in range(REMEMBERED + 10):
        journal.done[f"id{n}"] = {"id": f"id{n}", "method": "run", "exit": 0, "output": "x", "sent": False}
    while found := journal.undelivered():
        kept = [outcome for outcome in found if outcome["id"] != "id0"]
        if not kept:
            break
        journal.delivered(kept)
    assert len(journal.done) == REMEMBERED + 1
    assert json.loads((tmp_path / "journal.json").read_text())["done"]["id0"]["output"] == "x"
