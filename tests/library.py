"""The examples as a library: what an account has whose manifests are those of `examples/`."""

from __future__ import annotations

from pathlib import Path

from manifests import Defined, Format, Manifest, parse, read, write

EXAMPLES = Path(__file__).parents[1] / "examples"


def library(term: str, name: str) -> tuple[Defined, ...]:
    """The manifest of a name is the file of that name."""
    path = EXAMPLES / f"{name}.xml"
    tree = parse(path.read_bytes()).tree if term == "manifest" and path.is_file() else None
    return (Defined(write(tree, Format.JSON), f"examples/{path.name}"),) if tree else ()


def example(name: str) -> Manifest:
    """The manifest of a file, with those that it names."""
    reading = read((EXAMPLES / name).read_bytes(), library=library)
    assert isinstance(reading.document, Manifest), [str(d) for d in reading.diagnostics]
    return reading.document
