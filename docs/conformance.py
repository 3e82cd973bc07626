"""Which item of the OCCI checklist is shown by which test: read from the tests; `docs/reference.py` makes the page.

`tests/conformance/identifiers/*.yaml` has every item once. A test names those it shows: `@pytest.mark.occi("CORE-01")`,
or `shows: [CORE-01]` at a case below tests/http. The tests are read, not run: a page needs no broker.

An item is *met* (a test shows it), *not applicable because*, or *chosen otherwise because*; there is no fourth.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
IDENTIFIERS = ROOT / "tests" / "conformance" / "identifiers"
LEVELS = ("MUST", "SHOULD", "MAY", "1.1 MUST", "1.1 SHOULD", "1.1 MAY", "DEC")
"""`1.1 …`: said by version 1.1 alone. DEC: no text says it; the checklist decided."""
_MEMBERS = {"level", "says", "not-applicable", "chosen-otherwise"}


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the checklist, in our words. `group` is the file it stands in."""

    name: str
    group: str
    level: str
    says: str
    inapplicable: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A test as the page names it; `path` from the project's root."""

    path: str
    sentence: str


def items(folder: Path = IDENTIFIERS) -> dict[str, Item]:
    """Every item by its identifier; ValueError when one is there twice or says something unknown of itself."""
    found: dict[str, Item] = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, said in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{path.name}: {name} stands in {found[name].group}.yaml already")
            found[name] = _item(name, path.stem, said)
    return found


def _item(name: str, group: str, said: Mapping[str, Any]) -> Item:
    if set(said) - _MEMBERS or said.get("level") not in LEVELS or not said.get("says"):
        raise ValueError(f"{group}.yaml: {name} has a level ({', '.join(LEVELS)}), says, and maybe a reason: {said}")
    return Item(
        name, group, said["level"], said["says"], said.get("not-applicable", ""), said.get("chosen-otherwise", "")
    )


def shown(root: Path = ROOT) -> dict[str, list[Test]]:
    """The tests that show each identifier."""
    found: dict[str, list[Test]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        for name, function in marked(path.read_text(encoding="utf-8")):
            found[name].append(Test(str(path.relative_to(root)), _sentence(function)))
    for path in sorted((root / "tests" / "http").rglob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for name in case.get("shows", ()):
                found[name].append(Test(str(path.relative_to(root)), case["name"]))
    return found


def marked(source: str) -> Iterator[tuple[str, str]]:
    """(identifier, name of the test) of every `pytest.mark.occi(...)` in a module; one at its parameters counts too."""
    if "mark.occi(" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for call in (each for decorator in node.decorator_list for each in ast.walk(decorator)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.occi":
                    yield from ((ast.literal_eval(argument), node.name) for argument in call.args)


def _sentence(function: str) -> str:
    return function.removeprefix("test_").replace("_", " ")


def verdict(item: Item, tests: Sequence[Test]) -> str:
    """What the page says of an item; empty when there is nothing to say, which `make check` does not let pass."""
    met = "; ".join(f"[{each.sentence}](../../{each.path})" for each in dict.fromkeys(tests))
    if item.inapplicable:
        return f"*not applicable because* {item.inapplicable}"
    if item.otherwise:
        return f"*chosen otherwise because* {item.otherwise}" + (f" ({met})" if met else "")
    return f"*met*: {met}" if met else ""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """The page's table: identifier, level, what it says, how it stands."""
    tests = shown()
    for item in items().values():
        yield item.name, item.level, item.says, verdict(item, tests.get(item.name, ()))
