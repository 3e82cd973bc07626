"""Every item of the OCCI checklist has a test or a reason, and no test shows an item that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import conformance

ITEMS = conformance.items()
SHOWN = conformance.shown()


@pytest.mark.parametrize("group", sorted({item.group for item in ITEMS.values()}))
def test_every_item_has_a_test_or_a_reason(group: str) -> None:
    members = [item for item in ITEMS.values() if item.group == group]
    assert [item.name for item in members if not conformance.verdict(item, SHOWN.get(item.name, ()))] == []


def test_every_test_that_shows_an_item_names_one_that_is_known() -> None:
    assert {name: tests for name, tests in SHOWN.items() if name not in ITEMS} == {}


def test_an_item_with_a_test_needs_no_excuse() -> None:
    assert [name for name in SHOWN if name in ITEMS and ITEMS[name].inapplicable] == []


def test_an_item_stands_in_one_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("CORE-01: {level: MUST, says: something}\n")
    with pytest.raises(ValueError, match=r"b\.yaml: CORE-01 stands in a\.yaml already"):
        conformance.items(tmp_path)


@pytest.mark.parametrize("said", ["{level: MUST}", "{level: must, says: x}", "{level: MUST, says: x, not-yet: y}"])
def test_an_item_says_what_it_is_and_nothing_else(tmp_path: Path, said: str) -> None:
    (tmp_path / "a.yaml").write_text(f"CORE-01: {said}\n")
    with pytest.raises(ValueError, match="CORE-01"):
        conformance.items(tmp_path)


def test_marks_are_read_from_decorators_and_their_parameters() -> None:
    source = """
@pytest.mark.occi("CORE-01", "CORE-02")
def test_a() -> None: ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.occi("CORE-03"))])
def test_b(x: int) -> None: ...
"""
    found = [("CORE-01", "test_a"), ("CORE-02", "test_a"), ("CORE-03", "test_b")]
    assert list(conformance.marked(source)) == found
