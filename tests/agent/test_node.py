"""What the agent does in a node: the real file, as a process, against the real door."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.store import instructions, logs, samples, secrets
from tests.databases import tables_with

from .conftest import DoorProcess, Node, until


def test_first_contact_trades_the_token_for_a_key_that_only_the_node_can_read(node: Node) -> None:
    until(node.seen, "the agent calls with its key")
    key = node.state / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(node.state.stat().st_mode) == 0o700
    assert key.read_text() != node.token


def test_instructions_are_carried_out_in_the_order_given(node: Node, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ids = [node.tell("run", script=f"echo {n} >>{out}") for n in range(5)]
    for id in ids:
        assert node.ended(id).exit == 0
    assert out.read_text().split() == ["0", "1", "2", "3", "4"]


def test_what_was_configured_and_cords_own_names_are_in_every_later_script(node: Node) -> None:
    node.does("configure", symbol="pacs-db.hostname", value='it\'s "a" name\nof two lines')
    found = node.does("run", script='echo "$pacs_db_hostname|$publisher|$contract|$account|$cosacs"')
    assert found.output.startswith('it\'s "a" name\nof two lines|http://')
    assert found.output.strip().endswith("|c-1|acme|127.0.0.1")
    assert stat.S_IMODE((node.state / "environment").stat().st_mode) == 0o600


def test_a_script_ends_at_its_first_failure_and_its_status_and_output_come_back(node: Node) -> None:
    found = node.does("run", script="echo before\nsh -c 'exit 7'\necho after")
    assert (found.exit, found.output) == (7, "before\n")


def test_only_the_end_of_a_long_output_comes_back(node: Node) -> None:
    found = node.does("run", script="seq 1 200000")
    assert found.exit == 0
    assert len(found.output) == 8192
    assert found.output.endswith("199999\n200000\n")


def test_output_is_seen_while_a_script_still_runs(node: Node, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    id = node.tell("run", script=f"echo first line\nwhile ! [ -e {gate} ]; do sleep 0.05; done")

    def shown() -> list[str]:
        with node.store.read() as tx:
            return [line.text for line in logs.after(tx, node.account, node.service) if line.instruction == id]

    until(shown, "the first line, while the script waits")
    assert node.look(id).exit is None
    gate.touch()
    assert node.ended(id).exit == 0
    assert shown() == ["first line\n"]


def test_a_fork_goes_on_after_the_agent_has_ended(node: Node, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    assert node.does("fork", script=f"while :; do date +%N >{beat}; sleep 0.05; done").exit == 0
    node.kill()
    before = beat.read_text()
    until(lambda: beat.read_text() not in ("", before), "another beat without an agent")


def test_a_fork_that_fails_at_once_says_so(node: Node) -> None:
    found = node.does("fork", script="no-such-daemon --now")
    assert found.exit == 127
    assert "no-such-daemon" in found.output


def test_kill_ends_every_process_of_that_name_and_finding_none_is_fine(node: Node, tmp_path: Path) -> None:
    daemon = tmp_path / f"daemon{os.getpid()}"
    daemon.write_text("#!/bin/sh\nwhile :; do sleep 0.1; done\n")
    daemon.chmod(0o755)
    running = [subprocess.Popen([str(daemon)]) for _ in range(2)]
    assert node.does("kill", process=daemon.name).exit == 0
    assert [process.wait(10) for process in running] == [-15, -15]
    assert node.does("kill", process=daemon.name).exit == 0


def test_a_file_is_put_with_its_mode(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "etc" / "orthanc.json"
    assert node.does("file", path=str(path), content='{"Port": 4242}\n', mode="0640").exit == 0
    assert path.read_text() == '{"Port": 4242}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("configure", {"symbol": "a b", "value": "x"}),
        ("file", {"path": "relative", "content": ""}),
        ("install", {"packages": ["orthanc; reboot"]}),
        ("service", {"name": "orthanc", "action": "mask"}),
        ("probe", {"metric": "no:such", "location": "", "period": 1}),
        ("probe", {"metric": "du:bytes", "location": "", "period": 1}),
        ("dance", {}),
        ("run", {}),
    ],
)
def test_what_cannot_be_carried_out_is_said_and_stops_nothing(node: Node, method: str, arguments: object) -> None:
    found = node.does(method, **dict(arguments))  # type: ignore[call-overload]  # a mapping of strings
    assert found.exit == 64
    assert method in found.output
    assert node.does("run", script="echo alive").output == "alive\n"


def test_a_script_that_takes_too_long_is_stopped_with_all_it_started(
    make_node: Callable[..., Node], door: DoorProcess, tmp_path: Path
) -> None:
    node = make_node()
    source = (node.folder / "agent.py").read_text()
    (node.folder / "agent.py").write_text(source.replace("instruction.get('timeout', 600)", "1"))
    node.start()
    pid = tmp_path / "pid"
    found = node.does("run", script=f"sleep 1000 & echo $! >{pid}; echo waiting; wait")
    assert found.exit == 124
    assert found.output.startswith("waiting\n")
    until(lambda: not Path("/proc", pid.read_text().strip(), "stat").exists(), "the end of its child")


def test_a_script_whose_instruction_was_taken_back_is_stopped(node: Node, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    node.tell("run", script=f"echo $$ >{pid}; while :; do echo on; sleep 0.2; done")
    until(lambda: pid.exists() and pid.read_text(), "the script runs")
    with node.store.write() as tx:
        instructions.withdraw(tx, node.account, node.service)
    until(lambda: not Path("/proc", pid.read_text().strip(), "stat").exists(), "its end")
    assert node.does("run", script="echo next").output == "next\n"


def test_probes_send_samples_at_their_period_and_go_on_after_a_restart(node: Node, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "study").write_bytes(b"x" * 5000)
    location = str(tmp_path / "volume")
    node.does("probe", metric="du:bytes", location=location, period=1)
    node.does("probe", metric="memory:used", period=1)

    def taken(metric: str, place: str | None = None) -> list[float]:
        with node.store.read() as tx:
            found = samples.window(tx, node.account, node.service, metric, node.name, location=place)
            return [sample.value for sample in found]

    until(lambda: len(taken("du:bytes", location)) >= 2, "two samples of the volume")
    assert taken("du:bytes", location)[0] == 5000 + (tmp_path / "volume").stat().st_size
    assert 0 < taken("memory:used")[0] < 2**40
    node.kill()
    node.start()
    count = len(taken("du:bytes", location))
    until(lambda: len(taken("du:bytes", location)) > count, "a sample after the restart")
    node.does("probe", metric="memory:used", period=0)


def test_a_sites_own_metric_is_told_once_there_are_its_samples(node: Node, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    expression = f"n=$(($(cat {count}) + 1)); echo $n > {count}; echo $n studies"
    node.does("probe", metric="studies", period=1, samples=3, expression=expression)

    def taken() -> list[float]:
        with node.store.read() as tx:
            found = samples.window(tx, node.account, node.service, "studies", node.name)
            return sorted(sample.value for sample in found)

    until(taken, "the first samples")
    assert taken() == [1.0, 2.0, 3.0]
    node.kill()
    node.start()
    until(lambda: len(taken()) >= 6, "more, after a restart")


def test_no_secret_is_in_a_log_a_process_list_or_an_output(node: Node, tmp_path: Path, door: DoorProcess) -> None:
    canary = "canary-4f1d9c7e-not-to-be-seen"
    with node.store.write() as tx:
        reference = secrets.put(tx, node.account, node.service, canary)
    assert node.does("configure", symbol="pacs_db_password", value=reference).exit == 0
    gate = tmp_path / "gate"
    check = f'[ "$pacs_db_password" = {canary[:20]}"{canary[20:]}" ]'
    id = node.tell(
        "run", script=f"{check}\nset -x\nenv\necho $pacs_db_password\nwhile ! [ -e {gate} ]; do sleep 0.1; done"
    )
    until(lambda: any(str(id) in line for line in _commands()), "the script runs")
    assert not [line for line in _commands() if canary in line]
    gate.touch()
    found = node.ended(id)
    assert found.exit == 0
    assert "pacs_db_password=***" in found.output
    assert canary not in found.output
    assert canary not in node.log
    assert canary not in door.log.read_text()
    assert tables_with(node.store, canary) == {"secrets"}


def _commands() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            found.append((entry / "cmdline").read_text().replace("\0", " ")) if entry.name.isdigit() else None
        except OSError:
            continue
    return found
