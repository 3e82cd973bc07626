"""Coverage-guided fuzzing of the action language: `make fuzz`, or `python tests/fuzz/fuzz_language.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["manifests"]):
    import manifests  # noqa: F401  what is measured: imported here, where its branches are counted

from tests.fuzz.checks import check_expression, expressions
from tests.fuzz.fuzzing import run


def check(data: bytes) -> None:
    check_expression(data.decode("utf-8", "replace"))


if __name__ == "__main__":
    run(check, expressions())
