"""`accords providers`: clouds are listed, checked, added and taken away by command."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from broker.cli import main
from broker.cli.exits import Exit
from broker.settings import load


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("ACCORDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_provider_that_is_added_stands_beside_this_machine_and_is_there_at_the_next_start(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["providers", "add", "paris", "--driver", "fake", "--option", "latency=0.01", "--option", "operator=acme"]
    assert main([*command, "--json"]) == Exit.OK
    assert said(capsys) == {"added": "paris", "file": str(home / "providers.yaml"), "problems": []}
    assert list(load().providers) == ["local", "paris"]
    assert load().provider_options("paris") == {"latency": 0.01, "operator": "acme"}


def test_what_was_added_stands_beside_the_files_own_and_comes_after(home: Path) -> None:
    (home / "accords.yaml").write_text("providers: {lyon: {driver: fake}}\n")
    assert main(["providers", "add", "paris", "--driver", "fake"]) == Exit.OK
    assert list(load().providers) == ["lyon", "paris"]


def test_a_secret_is_read_and_never_shown_and_its_file_is_the_owners(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("canary\n"))
    assert main(["providers", "add", "paris", "--driver", "fake", "--secret", "operator"]) == Exit.OK
    assert "canary" not in "".join(capsys.readouterr())
    assert load().provider_options("paris")["operator"] == "canary"
    assert (home / "providers.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("paris",), "a driver is missing"),
        (("paris", "--driver", "cloudy"), "no driver 'cloudy'"),
        (("paris", "--driver", "fake", "--option", "colour=1"), "colour"),
        (("Paris!", "--driver", "fake"), "cannot be a provider's name"),
        ((), "which provider is missing"),
    ],
)
def test_what_cannot_be_opened_is_not_kept(
    words: tuple[str, ...], why: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["providers", "add", *words]) != Exit.OK
    assert why in capsys.readouterr().err
    assert not (home / "providers.yaml").exists()


def test_a_check_says_what_works_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    main(["providers", "add", "paris", "--driver", "fake", "--option", 'quotas={"machines": 3, "memory": 8000000000}'])
    capsys.readouterr()
    assert main(["providers", "check", "paris"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "paris (fake): works" in shown
    assert "left: machines 3, memory 8 GB" in shown
    assert main(["providers", "check", "paris", "--json"]) == Exit.OK
    assert said(capsys)["zones"][0]["left"] == {"machines": 3, "memory": 8000000000}


def test_a_check_says_what_is_missing_and_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    problem = '[{"what": "the image linux is missing", "mend": "upload it"}]'
    main(["providers", "add", "paris", "--driver", "fake", "--option", f"problems={problem}"])
    capsys.readouterr()
    assert main(["providers", "check", "paris"]) == Exit.FAILED
    assert "the image linux is missing: upload it" in capsys.readouterr().out
    assert main(["providers", "check", "nowhere"]) != Exit.OK
    assert "there are: local, paris" in capsys.readouterr().err


def test_a_provider_that_was_added_is_taken_away_and_the_files_own_is_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "accords.yaml").write_text("providers: {lyon: {driver: fake}}\n")
    main(["providers", "add", "paris", "--driver", "fake"])
    assert main(["providers", "remove", "paris"]) == Exit.OK
    assert list(load().providers) == ["lyon"]
    assert main(["providers", "remove", "lyon"]) != Exit.OK
    assert "settings' own file" in capsys.readouterr().err


def test_the_drivers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "drivers", "--json"]) == Exit.OK
    assert {"fake", "local", "occi"} <= set(said(capsys))


def test_a_cloud_of_libclouds_is_added_by_its_name_there_and_remembered_in_the_home(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("key=0", "most=1", "open=true", 'images={"linux": "Ubuntu 9.10"}')
    words = [word for each in options for word in ("--option", each)]
    assert main(["providers", "add", "sky", "--driver", "libcloud:dummy", *words, "--json"]) == Exit.OK
    assert said(capsys)["problems"] == []
    assert load().provider_options("sky")["home"] == home / "libcloud"
    assert main(["providers", "check", "sky", "--json"]) == Exit.OK
    found = said(capsys)
    assert (found["driver"], found["zones"][0]["delivery"]) == ("libcloud:dummy", "none")
