"""`accords up` for a name that is there already, and `accords cancel` for what is not being deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.cli import main, services
from broker.cli.exits import Exit
from tests.operations.house import House, User
from tests.operations.stage import PAIR


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path)
    monkeypatch.setattr(services, "client", lambda: found.client("ann", "ward"))
    yield found
    found.close()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    found = tmp_path / "pair.xml"
    found.write_text(PAIR)
    return found


def test_the_same_document_again_is_the_service_that_is_there_and_says_so(
    house: House, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", str(document)]) == Exit.OK
    house.work()
    capsys.readouterr()
    assert main(["up", str(document), "--wait"]) == Exit.OK
    said = capsys.readouterr()
    assert "pair is there already, made from this document; nothing was changed" in said.err
    assert said.out.startswith("pair: active")


def test_a_changed_document_is_refused_with_the_difference(
    house: House, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", str(document)])
    document.write_text(PAIR.replace('name="nginx"', 'name="apache2"'))
    assert main(["up", str(document)]) == Exit.REFUSED
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("  -web.0.install.nginx") for line in said)
    assert any(line.startswith("  +web.0.install.apache2") for line in said)
    assert "give this one another name" in said[-1]


def test_events_for_machines_are_json_a_line_each(
    house: House, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", str(document)])
    house.work()
    capsys.readouterr()
    assert main(["events", "pair", "--json"]) == Exit.OK
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["seq"] for each in found] == sorted({each["seq"] for each in found})
    assert "step.done" in {each["name"] for each in found}


def test_a_name_that_was_given_again_means_its_newest_service(
    house: House, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, made = User(house.client("ann", "ward")), []
    for _ in range(4):
        made.append(ann.up())
        house.work()
        ann.act(made[-1], "release")
        house.work()
    assert main(["events", "pair", "--json"]) == Exit.OK
    assert {json.loads(line)["service"] for line in capsys.readouterr().out.splitlines()} == {made[-1]}


def test_what_is_not_being_deployed_cannot_be_cancelled_and_the_hint_says_what_can_be_done(
    house: House, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["up", str(document)])
    house.work()
    assert main(["cancel", "pair"]) == Exit.REFUSED
    said = capsys.readouterr().err
    assert 'Action cancel is not applicable to pair in state "active".' in said
    assert "release gives back what was made" in said
