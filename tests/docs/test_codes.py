"""Every code is documented, and every documented code exists."""

from __future__ import annotations

import re
from pathlib import Path

from broker.codes import ANSWERS, COMMANDS, STEPS
from providers.errors import MEANINGS, ProviderError

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"""(?:\bcode = |\bcode=|"code": )"([a-z]+(?:[.-][a-z]+)*)\"""")


def in_sources(*folders: str) -> set[str]:
    sources = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {code for path in sources for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_in_the_sources_is_documented() -> None:
    assert in_sources("broker", "providers") - {*ANSWERS, *STEPS, *COMMANDS, *MEANINGS} == set()


def test_every_documented_code_is_in_the_sources() -> None:
    said = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "broker").rglob("*.py") if path.name != "codes.py"
    )
    assert {code for code in {*ANSWERS, *STEPS, *COMMANDS} if f'"{code}"' not in said} == set()


def test_every_error_of_a_driver_has_a_meaning() -> None:
    def family(root: type[ProviderError]) -> set[str]:
        return {root.code}.union(*(family(child) for child in root.__subclasses__()))

    assert family(ProviderError) == set(MEANINGS)
