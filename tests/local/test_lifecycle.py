"""Told to stop or to restart: the machine is on its way until the job that does it has ended. Without nodes."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from providers.errors import Conflict, Refused
from providers.local import jobs, lifecycle, machines
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Machine
from providers.protocol import Action, MachineSpec, State

ID = "m"


@dataclass
class Node:
    """A node as LXC would show it, and the jobs that were begun for it: nobody does them until the test does."""

    site: Site
    state: State = State.ACTIVE
    jobs: list[str] = field(default_factory=list)
    halted: Callable[[], None] = lambda: None

    def act(self, action: Action) -> None:
        lifecycle.act(self.site, ID, action, Deadline(5))

    def look(self) -> State:
        lifecycle.advance(self.site, ID, Deadline(5))
        return lifecycle.state(self.site, Records(self.site.home).get(Machine, ID), Deadline(5))

    def halt(self, *_: object) -> None:
        self.state = State.STOPPED
        self.halted()

    def boot(self, _: Site, records: Records, *__: object) -> None:
        self.state = State.ACTIVE
        records.put(replace(records.get(Machine, ID), asked=""))


@pytest.fixture
def node(site: Site, monkeypatch: pytest.MonkeyPatch) -> Node:
    found = Node(site)
    site.node(ID).mkdir(parents=True)
    Records(site.home).put(Machine(ID, "t", {}, MachineSpec(ID, ID, "linux"), booted=True))
    monkeypatch.setattr(machines, "observe", lambda *_: found.state)
    monkeypatch.setattr(machines, "halt", found.halt)
    monkeypatch.setattr(lifecycle, "boot", found.boot)
    monkeypatch.setattr(jobs, "spawn", lambda _, verb, *__: found.jobs.append(verb))
    return found


def test_a_node_that_was_told_to_stop_is_not_stopped_before_the_job_that_stops_it_has_ended(node: Node) -> None:
    """It could be started when it is seen stopped; the job, which looks once more, would stop it again."""
    node.act(Action.STOP)
    stopping, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        stopping.set()
        assert go_on.wait(10)

    node.halted = hold
    job = threading.Thread(target=lifecycle.halt, args=(node.site, ID))
    job.start()
    assert stopping.wait(10)
    assert node.state is State.STOPPED
    assert node.look() is State.PENDING
    with pytest.raises(Conflict):
        node.act(Action.START)
    go_on.set()
    job.join()
    assert node.look() is State.STOPPED


def test_a_job_that_comes_late_does_not_stop_what_was_started_since(node: Node) -> None:
    """Two who look begin a job each; the second's turn comes when the first's work is done."""
    node.act(Action.STOP)
    lifecycle.halt(node.site, ID)
    node.act(Action.START)
    lifecycle.halt(node.site, ID)
    assert node.look() is State.ACTIVE


def test_a_restart_ends_with_the_node_begun_anew(node: Node) -> None:
    node.act(Action.RESTART)
    assert node.look() is State.PENDING
    lifecycle.halt(node.site, ID)
    assert node.look() is State.ACTIVE


def test_a_restart_that_cannot_start_leaves_the_node_stopped(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Refused("its layer is gone")

    node.act(Action.RESTART)
    monkeypatch.setattr(lifecycle, "boot", refuse)
    lifecycle.halt(node.site, ID)
    assert node.look() is State.STOPPED


def test_looking_begins_the_job_again_that_has_died(node: Node) -> None:
    node.act(Action.STOP)
    node.look()
    assert node.jobs == ["stop", "stop"]


def test_who_looks_whether_a_job_is_at_work_keeps_none_from_its_turn(tmp_path: Path) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            jobs.under_way(tmp_path)

    watching = [threading.Thread(target=look) for _ in range(4)]
    for each in watching:
        each.start()
    try:
        for _ in range(50):
            with jobs.only(tmp_path) as alone:
                assert alone
                assert jobs.under_way(tmp_path)
    finally:
        over.set()
        for each in watching:
            each.join()


def test_a_node_is_watched_while_lxcs_own_process_for_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "accmnode"
    folder.mkdir()
    assert not machines.is_watched(folder)
    (folder / machines.WATCHER).write_text("1\n")
    assert not machines.is_watched(folder), "that number is another's by now"
    words = ["sh", "-c", "echo up; read line", "[lxc monitor]", folder.name]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (folder / machines.WATCHER).write_text(f"{process.pid}\n")
        assert machines.is_watched(folder)
    assert not machines.is_watched(folder)
