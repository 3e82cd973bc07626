"""Nobody else ships a package of ours: neither here, nor where Accords is asked to start."""

from __future__ import annotations

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from broker import distribution
from broker.cli import main
from broker.cli.exits import Exit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A distribution beside ours that ships a package called `broker`, as pip would leave it."""
    metadata = tmp_path / "message_queue-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: message-queue\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("broker/__init__.py,,\nmessage_queue/__init__.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "message-queue"


def test_nobody_else_ships_a_package_of_ours_here() -> None:
    assert distribution.strangers(packages_distributions()) == {}


def test_the_packages_that_are_watched_are_those_that_are_shipped() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in found} == set(distribution.PACKAGES)


@pytest.mark.parametrize("command", [["serve", "node"], ["work"]], ids=lambda words: words[0])
def test_what_stays_refuses_to_start_beside_a_stranger_and_names_it(
    command: list[str],
    stranger: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path / "home"))
    assert main(command) == Exit.REFUSED
    said = capsys.readouterr().err
    assert f"broker by {stranger}" in said
    assert "virtual environment of its own" in said
    assert not (tmp_path / "home").exists()
