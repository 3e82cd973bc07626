"""Coverage-guided fuzzing of the reader: `make fuzz`, or `python tests/fuzz/fuzz_reader.py [-option]... [folder]`.

Ends at the first input for which `checks` does not hold, and leaves it as `crash-...`: give it a telling name, put it
into `finds/`, and `test_fuzz.py` keeps it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["manifests"]):
    import manifests  # noqa: F401  the reader is what is measured: imported here, where its branches are counted

from tests.fuzz.checks import check_document, seeds
from tests.fuzz.fuzzing import run

if __name__ == "__main__":
    run(check_document, seeds())
