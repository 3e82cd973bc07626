"""Every YAML file beside this one, one a kind, and those of occi/, one a section of the protocol, against each shape
of the broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.services import ROWS
from tests.http import runner
from tests.http.brokers import InProcess, Processes
from tests.openapi import judged

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
PROTOCOL = sorted((Path(__file__).parent / "occi").glob("*.yaml"))
each_file = pytest.mark.parametrize("path", [*FILES, *PROTOCOL], ids=lambda path: path.stem)


@each_file
def test_in_this_process(path: Path, in_process: InProcess) -> None:
    """And each answer is one that the row's description knows."""
    runner.play(runner.read(path), in_process.key, judged(in_process))


@pytest.mark.slow
@each_file
def test_all_rows_in_one_process_over_tcp(path: Path, together: Processes) -> None:
    runner.play(runner.read(path), together.key, together)


@pytest.mark.slow
@each_file
def test_each_row_in_a_process_of_its_own(path: Path, apart: Processes) -> None:
    runner.play(runner.read(path), apart.key, apart)


def test_every_kind_has_a_file_that_asks_its_row() -> None:
    about = {runner.read(path).kind: runner.read(path).row for path in FILES}
    assert about == {kind: row.name for row in ROWS for kind in row.kinds}
    assert len(FILES) == len(about)
