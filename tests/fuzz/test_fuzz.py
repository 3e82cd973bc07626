"""Documents that nobody would write, made by hypothesis and by coverage-guided fuzzers, are read or refused with a
diagnostic; nothing raises and nothing hangs."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from manifests.actions.language import METHODS, PROPERTIES
from manifests.grammar import GRAMMAR, ROOTS, Rule
from tests.fuzz.checks import CORPUS, EXAMPLES, FINDS, check_document, check_expression, expressions, seeds

HOWS = st.integers(0, 7)
ODD = (
    "",
    " ",
    "\n",
    "\0",
    "'",
    '"',
    "<",
    ">",
    "&",
    "&&",
    "&amp;",
    "]]>",
    "-->",
    "${input.x}",
    "${",
    "..",
    "/",
    "\\",
    "$(x)",
)
VALUES = (
    st.sampled_from(ODD) | st.text(max_size=12) | st.integers().map(str) | st.sampled_from(("any", "simple", "4G", "a"))
)
_NAMED = sorted({name for rule in GRAMMAR.values() for name in (*rule.attributes, *rule.children)})
NAMES = st.sampled_from(_NAMED) | st.text(max_size=6)


@st.composite
def elements(draw: st.DrawFn, rule: Rule, depth: int = 0) -> dict[str, object]:
    """What a document of the grammar might hold, and now and then something else."""
    known = st.sampled_from(sorted(rule.attributes)) if rule.attributes else NAMES
    made: dict[str, object] = draw(st.dictionaries(known | NAMES, VALUES | words(), max_size=5))
    if rule.children and depth < 4:
        for name in draw(st.lists(st.sampled_from(sorted(rule.children)), max_size=3, unique=True)):
            inner = elements(GRAMMAR[rule.children[name].rule], depth + 1)
            made[name] = draw(st.lists(inner, min_size=1, max_size=3) | inner)
    return made


def words() -> st.SearchStrategy[str]:
    """Pieces of the action language in any order."""
    names = st.sampled_from(("a", "b", "cassandra0", *METHODS, *PROPERTIES))
    marks = st.sampled_from((".", "(", ")", ";", ",", "=", " ", "'x'", '"', "'", ":", "\n", "a.configure(b.hostname);"))
    return st.lists(names | marks, max_size=20).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    root = draw(st.sampled_from(sorted(ROOTS)))
    return {root: draw(elements(GRAMMAR[root]))}


def as_xml(name: str, value: object) -> str:
    """As somebody would write it who knows nothing of escaping."""
    if isinstance(value, list):
        return "".join(as_xml(name, each) for each in value)
    assert isinstance(value, dict)
    attributes = "".join(f' {key}="{each}"' for key, each in value.items() if isinstance(each, str))
    inner = "".join(as_xml(key, each) for key, each in value.items() if not isinstance(each, str))
    return f"<{name}{attributes}>{inner}</{name}>"


@st.composite
def edited(draw: st.DrawFn, seed: bytes) -> bytes:
    """A document with some of its bytes gone, there twice, or others."""
    data = bytearray(seed[:8000])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 12)))
        data[at:end] = draw(
            st.binary(max_size=4) | st.just(bytes(data[at:end]) * 2) | st.sampled_from(ODD).map(str.encode)
        )
    return bytes(data)


@settings(deadline=None)
@given(documents(), HOWS)
def test_no_document_of_the_grammar_raises_in_xml(document: dict[str, object], how: int) -> None:
    ((name, value),) = document.items()
    check_document(bytes([how]) + as_xml(name, value).encode())


@settings(deadline=None)
@given(documents(), HOWS)
def test_no_document_of_the_grammar_raises_in_json_or_yaml(document: dict[str, object], how: int) -> None:
    check_document(bytes([how]) + orjson.dumps(document))
    check_document(bytes([how]) + yaml.safe_dump(document, allow_unicode=True).encode())


@settings(deadline=None)
@given(st.data(), HOWS)
def test_no_damage_to_a_real_document_raises(data: st.DataObject, how: int) -> None:
    seed = data.draw(st.sampled_from(sorted(seeds())))
    check_document(bytes([how]) + data.draw(edited(seed[1:])))


@settings(deadline=None)
@given(st.binary(max_size=300), HOWS)
@example(b"", 0)
def test_no_bytes_raise_however_they_are_read(data: bytes, how: int) -> None:
    check_document(bytes([how]) + data)


@given(words() | st.text(max_size=60))
def test_no_expression_raises(text: str) -> None:
    check_expression(text)


@pytest.mark.parametrize("path", sorted(FINDS.iterdir()), ids=lambda path: path.name)
def test_what_a_fuzzer_found_stays_mended(path: Path) -> None:
    """A file's name begins with its fuzzer's and says what was wrong."""
    if path.name.startswith("reader-"):
        check_document(path.read_bytes())
    else:
        check_expression(path.read_bytes().decode("utf-8", "replace"))


def test_the_seeds_hold() -> None:
    for seed in seeds():
        check_document(seed)
    for expression in expressions():
        check_expression(expression.decode("utf-8", "replace"))
    assert EXAMPLES.is_dir()
    assert len(list(seeds())) > (100 if CORPUS.is_dir() else 30)
