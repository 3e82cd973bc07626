"""`accords resize`, `keys` and `console`: what people see, and what asks before it is done."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.cli import console, keys, main, resizing, services
from broker.cli.exits import Exit
from broker.worker import consoles
from providers.fake import Trouble
from providers.protocol import Kind
from tests.operations.house import House
from tests.operations.stage import PAIR

OPS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL3pGFlx7f4OJ0gXzZ1QkXc5N1oWJmQ4m0bq3dHn3v5d ann@ward"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path)
    for module in (services, resizing, keys, console):
        monkeypatch.setattr(module, "client", lambda: found.client("ann", "ward"))
    yield found
    found.close()


@pytest.fixture
def pair(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    document = tmp_path / "pair.xml"
    document.write_text(PAIR)
    assert main(["up", str(document)]) == Exit.OK
    house.work()
    capsys.readouterr()
    return house


def sizes(house: House) -> list[object]:
    return sorted(str(each.facts["size"]) for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)


def test_a_resize_is_shown_with_its_price_and_done_when_somebody_says_yes(
    pair: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resize", "pair", "web", "--cores", "2"]) == Exit.REFUSED
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "web.0  small: 1 cores, 2.15 GB, 21.5 GB disk, 0.01 EUR an hour  ->"
        "  medium: 2 cores, 4.29 GB, 42.9 GB disk, 0.02 EUR an hour",
        "  size medium of 2 cores and 4.29 GB: not large (dearer), small (1 core of 2), xlarge (dearer)",
        "0.01 EUR an hour more",
        "would do:",
        "  web.0.stop = stop machine/web.0 on paris",
        "  web.0.resize = resize machine/web.0 on paris after web.0.stop",
        "  web.0.accept = accept machine/web.0 after web.0.resize",
        "  web.0.start = start machine/web.0 on paris after web.0.resize",
    ]
    assert "accords resize pair web --cores 2 --yes" in said.err
    pair.work()
    assert sizes(pair) == ["small", "small"]
    assert main(["resize", "pair", "web", "--cores", "2", "--yes"]) == Exit.OK
    pair.work()
    assert sizes(pair) == ["medium", "small"]
    assert main(["status", "pair"]) == Exit.OK
    assert "on paris, medium" in capsys.readouterr().out


def test_a_smaller_one_costs_less(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resize", "pair", "web", "--size", "large", "--yes"]) == Exit.OK
    pair.work()
    capsys.readouterr()
    assert main(["resize", "pair", "web", "--size", "small", "--yes"]) == Exit.OK
    assert "0.03 EUR an hour less" in capsys.readouterr().out


def test_what_cannot_be_had_is_said_and_nothing_asked(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resize", "pair", "web", "--memory", "900G", "--yes"]) == Exit.REFUSED
    said = capsys.readouterr().err
    assert "paris/fake-1 has no size with 1 core, 900 GB memory" in said
    assert "accords providers check paris" in said


def test_for_a_machine_the_answer_is_one_value(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resize", "pair", "web", "--cores", "2", "--yes", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["service"]["name"] == "pair"


def test_keys_are_added_listed_and_removed(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "id.pub"
    file.write_text(OPS + "\n")
    assert main(["keys"]) == Exit.OK
    assert capsys.readouterr().out == "no keys\n"
    assert main(["keys", "add", "ops", str(file)]) == Exit.OK
    assert capsys.readouterr().out.startswith("ops: SHA256:")
    assert main(["keys", "list"]) == Exit.OK
    name, fingerprint, comment = capsys.readouterr().out.split()
    assert (name, fingerprint[:7], comment) == ("ops", "SHA256:", "ann@ward")
    assert main(["keys", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)[0]["public"] == OPS
    assert main(["keys", "remove", "ops"]) == Exit.OK
    assert main(["keys", "remove", "ops"]) == Exit.REFUSED
    assert "there is no key ops" in capsys.readouterr().err


def test_a_key_may_come_from_a_pipe(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(OPS))
    assert main(["keys", "add", "ops", "-"]) == Exit.OK


def test_a_private_key_stays_where_it_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keys, "client", lambda: pytest.fail("it was about to be sent"))
    file = tmp_path / "id"
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nbm90aGluZw==\n")
    assert main(["keys", "add", "ops", str(file)]) == Exit.REFUSED
    assert f"{file}.pub" in capsys.readouterr().err


@pytest.fixture
def watched(pair: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The worker looks while somebody waits."""
    monkeypatch.setattr("time.sleep", lambda _: consoles.show(pair.tools, "paris"))
    return pair


def test_a_console_is_printed_as_it_is(watched: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console", "pair", "web"]) == Exit.OK
    assert capsys.readouterr().out.strip()


def test_why_there_is_no_console_is_said(watched: House, capsys: pytest.CaptureFixture[str]) -> None:
    watched.cloud.trouble(Trouble("fail", call="console", error="refused"))
    assert main(["console", "pair", "web"]) == Exit.FAILED
    assert "web.0: " in capsys.readouterr().err


def test_where_no_worker_looks_that_is_said(
    pair: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.0)
    assert main(["console", "pair", "web"]) == Exit.TIMEOUT
    assert "accords work" in capsys.readouterr().err


def test_only_some_nodes_are_stopped_and_saved(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "pair", "--node", "web"]) == Exit.OK
    pair.work()
    assert main(["save", "pair", "--node", "web", "--node", "db"]) == Exit.OK
    pair.work()
    capsys.readouterr()
    assert main(["status", "pair", "--json"]) == Exit.OK
    report = json.loads(capsys.readouterr().out)
    assert {node["name"]: node["state"] for node in report["nodes"]} == {"db": "running", "web": "stopped"}
    assert report["service"]["state"] == "active"
    assert len([each for each in pair.cloud.list({}, deadline=5) if each.kind is Kind.SNAPSHOT]) == 2


def test_a_node_that_is_not_there_is_not_said_to_be_stopped(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "pair", "--node", "wbe"]) == Exit.REFUSED
    assert "no machine of a node wbe" in capsys.readouterr().err
