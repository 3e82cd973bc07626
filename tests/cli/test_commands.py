"""The command line answers at once, and says what went wrong, to what, and what next."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from broker.cli import main
from broker.cli.commands import COMMANDS, duration, parser
from broker.cli.exits import MEANING, Exit

GOOD = '<manifest name="m"><node name="a"><image name="i"><system name="linux"/></image></node></manifest>'


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1h30m", 5400)]
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "2 h", "-1", "1.5h", "2w"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 90s"):
        duration(text)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_leads_to_a_function(command) -> None:  # type: ignore[no-untyped-def]
    import importlib

    module, name = command.run.split(":")
    assert callable(getattr(importlib.import_module(f"broker.cli.{module}"), name))


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANING) == set(Exit)


def test_version_imports_none_of_the_libraries_that_commands_need() -> None:
    code = (
        "import sys; from broker.cli import main; main(['version']);"
        "print([m for m in ('pydantic', 'falcon', 'sqlalchemy', 'lxml', 'httpx', 'argparse') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_validate_says_that_a_good_document_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "good.xml"
    document.write_text(GOOD)
    assert main(["validate", str(document)]) == Exit.OK
    assert capsys.readouterr().out == f"{document}: good\n"


def test_validate_prints_every_mistake_of_every_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(GOOD)
    bad.write_text('<manifest name="m">\n  <nod name="a"/>\n  <node nam="b"/>\n</manifest>')
    assert main(["validate", str(good), str(bad)]) == Exit.DOCUMENT
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{good}: good"
    assert any(line.startswith(f"{bad}:2:") and "nod" in line for line in lines)
    assert any(line.startswith(f"{bad}:3:") and "nam" in line for line in lines)


def test_validate_as_json_is_one_value_with_the_diagnostics_by_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_text('<manifest name="m"><nod/></manifest>')
    assert main(["validate", "--json", str(bad)]) == Exit.DOCUMENT
    found = json.loads(capsys.readouterr().out)[str(bad)]
    assert found[0]["severity"] == "error"
    assert {"code", "line", "column", "summary", "hint"} <= set(found[0])


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "/nowhere/at-all.xml"]) == Exit.USAGE
    assert "/nowhere/at-all.xml" in capsys.readouterr().err


def test_without_a_token_or_a_readable_key_it_says_which_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))
    monkeypatch.delenv("ACCORDS_TOKEN", raising=False)
    assert main(["status"]) == Exit.REFUSED
    assert "ACCORDS_TOKEN" in capsys.readouterr().err
    assert not (tmp_path / "installation.json").exists()


def test_a_broker_that_does_not_answer_is_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))
    monkeypatch.setenv("ACCORDS_TOKEN", "any")
    monkeypatch.setenv("ACCORDS_BASE_PORT", "1")
    assert main(["status"]) == Exit.UNREACHABLE
    assert "does not answer" in capsys.readouterr().err


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["destroy"])
    assert ended.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("ACCORDS_BASE_PORT", "many", "base_port"),
        ("ACCORDS_PROVIDERS", "not JSON", "providers"),
        ("ACCORDS_LOG_LEVEL", "shout", "log_level"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_is_no_fault_of_ours(
    variable: str, value: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["status"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert named in said
    assert "fault of ours" not in said
    assert "settings.md" in said


@pytest.mark.parametrize("text", ["colour: red", "- base_port", "{ [", "base_port: many"])
def test_a_file_of_settings_that_is_wrong_is_a_usage_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "accords.yaml").write_text(text)
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))
    monkeypatch.delenv("ACCORDS_BASE_PORT", raising=False)  # it would win over the file
    assert main(["status", "--json"]) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "settings"


def test_a_provider_that_cannot_be_opened_is_named_beside_one_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))
    monkeypatch.setenv(
        "ACCORDS_PROVIDERS",
        '{"a": {"driver": "cloudy"}, "b": {"driver": "fake", "colour": 1}, "c": {"driver": "fake"}}',
    )
    assert main(["providers", "--json"]) == Exit.FAILED
    found = json.loads(capsys.readouterr().out)
    assert "no driver 'cloudy'" in found["a"]["problems"][0]["what"]
    assert "colour" in found["b"]["problems"][0]["what"]
    assert found["c"]["problems"] == []
