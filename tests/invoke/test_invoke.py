"""A method of the interface does what its actions say, once, with its arguments; and changes nothing when it fails."""

from __future__ import annotations

import pytest

from broker.cli import main
from broker.cli.exits import Exit
from broker.errors import AccordsError, Invalid
from broker.hooks.invoke import method, texts
from tests.operations.house import House, User
from tests.operations.stage import PAIR


def carried(house: House) -> list[tuple[str, object]]:
    """What nodes were told since the service is there."""
    ledger = house.cloud.ledger.carried
    return [(one.method, one.arguments.get("script", one.arguments.get("process"))) for one in ledger]


def test_a_method_is_its_actions_in_their_order(house: House, ann: User, service: str) -> None:
    before = len(carried(house))
    ann.act(service, "invoke", method="backup", arguments=["a b", "'; reboot"])
    house.work()
    assert carried(house)[before:] == [
        ("run", "set -- 'a b' ''\"'\"'; reboot'\ndump $1 $2"),
        ("fork", "set -- 'a b' ''\"'\"'; reboot'\ncopy"),
        ("kill", "copier"),
    ]


def test_the_report_lists_the_methods_and_what_the_last_one_said(house: House, ann: User, service: str) -> None:
    report = ann.report(service)
    assert report["methods"] == ["backup", "breaks"]
    assert "invoke" in report["can"]
    ann.act(service, "invoke", method="Backup")
    house.work()
    operation = ann.report(service)["operation"]
    assert (operation["kind"], operation["state"], operation["error"]) == ("invoke", "done", None)
    assert [(one["node"], one["exit"], one["output"]) for one in operation["said"]] == [
        ("db", 0, "dumped 7 studies\n"),
        ("web", 0, ""),
        ("web", 0, ""),
    ]


def test_a_method_that_fails_says_so_and_the_service_goes_on(house: House, ann: User, service: str) -> None:
    before = len(carried(house))
    ann.act(service, "invoke", method="breaks")
    house.work()
    report = ann.report(service)
    assert report["service"]["state"] == "active"
    assert report["error"] is None
    assert report["operation"]["state"] == "failed"
    assert report["operation"]["error"]["can"] == ["invoke"]
    assert report["operation"]["said"] == [{"node": "db", "exit": 3, "output": "no space left\n"}]
    assert len(carried(house)) == before + 1


def test_a_method_can_be_called_again_and_again(house: House, ann: User, service: str) -> None:
    before = len(carried(house))
    for word in ("one", "two"):
        ann.act(service, "invoke", method="backup", arguments=[word])
    house.work()
    scripts = [script for told, script in carried(house)[before:] if told == "run"]
    assert scripts == ["set -- one\ndump $1 $2", "set -- two\ndump $1 $2"]


@pytest.mark.parametrize(
    ("attributes", "hint"),
    [
        ({"method": "bakcup"}, "did you mean backup? methods: backup, breaks"),
        ({"method": "x" * 100}, "methods: backup, breaks"),
        ({"method": "backup", "arguments": [1]}, "list of texts"),
        ({"method": "backup", "arguments": ["x" * 5000]}, "cannot be given to a script"),
        ({}, "method"),
    ],
)
def test_what_cannot_be_called_is_refused_before_anything_runs(
    house: House, ann: User, service: str, attributes: dict[str, object], hint: str
) -> None:
    before = ann.report(service)["operation"]
    with pytest.raises(AccordsError) as refused:
        ann.act(service, "invoke", **attributes)
    assert hint in f"{refused.value.message} {refused.value.hint}"
    assert ann.report(service)["operation"] == before


def test_a_service_without_an_interface_has_nothing_to_invoke(house: House, ann: User) -> None:
    service = ann.up(PAIR)
    house.work()
    assert ann.report(service)["methods"] == []
    assert "invoke" not in ann.report(service)["can"]
    with pytest.raises(AccordsError, match="no method"):
        ann.act(service, "invoke", method="backup")


def test_only_what_runs_has_methods(house: House, ann: User, service: str) -> None:
    ann.act(service, "stop")
    house.work()
    with pytest.raises(AccordsError, match="not applicable"):
        ann.act(service, "invoke", method="backup")


@pytest.mark.usefixtures("service", "working")
def test_the_command_waits_and_prints_what_the_scripts_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invoke", "pair", "backup", "now", "--wait"]) == Exit.OK
    assert capsys.readouterr().out == "db: dumped 7 studies\n"


@pytest.mark.usefixtures("service", "working")
def test_the_command_fails_with_the_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invoke", "pair", "breaks", "--wait"]) == Exit.FAILED
    said = capsys.readouterr().out
    assert "db: no space left" in said
    assert "exit status 3" in said


@pytest.mark.usefixtures("service")
def test_a_mistyped_method_is_told_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invoke", "pair", "backpu"]) == Exit.REFUSED
    assert "did you mean backup?" in capsys.readouterr().err


def test_what_a_method_printed_is_in_the_services_logs(house: House, ann: User, service: str) -> None:
    ann.act(service, "invoke", method="backup")
    house.work()
    found = ann.client.get("service", f"/service/{service}/logs")["logs"]
    assert [(one["node"], one["output"]) for one in found][-1] == ("db", "dumped 7 studies\n")


def test_names_of_methods_are_found_in_any_case() -> None:
    assert method("BACKUP", ["backup"]) == "backup"
    assert method("store.backup", ["Store.backup"]) == "Store.backup"


@pytest.mark.parametrize("given", ["a", [1], ["\0"], ["a"] * 65, {"a": "b"}])
def test_arguments_that_no_script_can_have_are_refused(given: object) -> None:
    with pytest.raises(Invalid):
        texts(given)
