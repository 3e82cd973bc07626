"""How a fuzzer is run: with the seeds in a folder, bounded memory and no hang."""

from __future__ import annotations

import hashlib
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

from manifests.actions.language import METHODS, PROPERTIES
from manifests.grammar import GRAMMAR

# What a reading may take, in MiB. Python, lxml, the instrumented code and libFuzzer's own tables come on top of it.
MOST_MEMORY = 200
_MARKS = (
    *(
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "?>",
        "<!DOCTYPE",
        "&amp;",
        "&#x41;",
        "&&",
        "/>",
        "</",
        "=",
        '"',
        "'",
    ),
    *(";", "”", "’", "${input.", "${", "}", ": ", "|\n", ">", "*", "&a", "!!", "- ", "\\ud83d\\ude00", "encoding="),
)


def run(check: Callable[[bytes], object], seeds: Iterable[bytes]) -> None:
    """Fuzz until told to stop. Every word of the command line is libFuzzer's; the last one that is no option is the
    folder of inputs, by default a new one."""
    words = sys.argv[1:]
    if not any(not word.startswith("-") for word in words):
        words = [*words, tempfile.mkdtemp(prefix="accords-fuzz-")]
    folder = Path(words[-1])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    words = [f"-dict={_dictionary(folder)}", *words]
    limits = [f"-rss_limit_mb={MOST_MEMORY + own}", "-timeout=10", "-max_len=16384"]
    print(f"{own} MiB before the first input; inputs in {folder}")
    atheris.Setup([sys.argv[0], *limits, *words], lambda data: check(data) and None)
    atheris.Fuzz()


def _dictionary(folder: Path) -> Path:
    """The languages' own words, which chance alone would take long to write."""
    attributes = {name for rule in GRAMMAR.values() for name in (*rule.attributes, *rule.children)}
    words = sorted({*GRAMMAR, *attributes, *METHODS, *PROPERTIES, *_MARKS})
    path = folder.with_name(folder.name + ".dict")
    path.write_text("".join(f'"{_hexadecimal(word)}"\n' for word in words))
    return path


def _hexadecimal(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())
