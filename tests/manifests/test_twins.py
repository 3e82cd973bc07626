"""A document says the same as XML, as YAML and as JSON."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Format, read, write
from manifests.grammar import NAMESPACES, ROOTS
from manifests.reading.reader import parse
from manifests.text.tree import Attribute, Element
from tests.manifests.trees import ANY_TEXT, content, documents

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ROUND = (Format.YAML, Format.JSON, Format.XML)


def again(element: Element, format: Format) -> Element:
    """What is read from what is written."""
    text = write(element, format)
    reading = parse(text.encode(), format=format)
    assert reading.tree is not None, (text, [str(d) for d in reading.diagnostics])
    return reading.tree


@settings(deadline=None, max_examples=300)
@given(documents(lambda _: ANY_TEXT), st.sampled_from(sorted(NAMESPACES)))
def test_xml_to_yaml_to_json_to_xml_loses_nothing(document: Element, namespace: str) -> None:
    waiting = [document]
    for element in waiting:
        element.namespace = namespace
        waiting.extend(element.children)
    for start in ROUND:
        seen = again(document, start)
        for format in ROUND:
            assert content(seen) == content(document)
            seen = again(seen, format)
        assert content(seen) == content(document)


@settings(deadline=None)
@given(documents(lambda _: ANY_TEXT.filter(lambda text: "\n" not in text)))
def test_the_order_of_attributes_is_kept_and_of_elements_of_one_name(document: Element) -> None:
    first = again(document, Format.YAML)
    for format in ROUND:
        assert write(again(first, format), Format.JSON) == write(first, Format.JSON)


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_text_is_the_same_for_whoever_reads_the_twin(text: str) -> None:
    """Not for us alone: another reader of YAML finds a text, or the whole number that it says."""
    written = write(Element("manifest", 0, {"name": Attribute(text, 0, 0)}), Format.YAML)
    found = yaml.safe_load(written)["manifest"]["name"]
    assert str(found) == text
    assert isinstance(found, str) or text.isdigit()


def tree(document: object) -> Element:
    found = parse(orjson.dumps(document)).tree
    assert found is not None
    return found


@pytest.mark.parametrize(
    "document",
    [
        {"manifest": {"name": "m", "image": {}}},
        {"manifest": {"name": "m", "node": [{"name": "a"}, {}, {"name": "b"}]}},
        {"manifest": {"@node": "url", "node": {"name": "a"}}},
        {"manifest": {"xmlns": "urn:a", "node": {"xmlns": "", "image": {"xmlns": "urn:b"}}}},
        {"manifest": {"#text": "stray"}},
        {"manifest": {"description": {"#text": "one"}, "@description": "two"}},
        {"manifest": {"description": [{"#text": "one"}, {"#text": "two"}]}},
        {"unheard-of": {"a": "1", "b": {"#text": " c "}}},
    ],
    ids=["empty", "several", "both", "namespaces", "text", "twice", "many", "unknown"],
)
def test_what_the_grammar_does_not_know_comes_back_too(document: dict[str, object]) -> None:
    element = tree(document)
    for format in (Format.YAML, Format.JSON, Format.XML):
        assert orjson.loads(write(again(element, format), Format.JSON)) == document


def test_a_script_is_a_block_in_yaml_and_an_element_in_xml() -> None:
    script = "set -eu\nif true; then\n  echo 'a: b' # c\nfi\n"
    element = tree({"manifest": {"name": "m", "node": {"name": "a", "image": {"package": {"configuration": script}}}}})
    assert "configuration: |\n" in write(element, Format.YAML)
    assert "<configuration>set -eu\nif true; then\n  echo 'a: b' # c\nfi\n</configuration>" in write(
        element, Format.XML
    )


def test_whole_numbers_have_no_quotes_and_what_looks_like_something_else_has() -> None:
    element = tree({"manifest": {"a": "22", "b": "yes", "c": "1.10", "d": "0x1", "e": "plain", "f": "", "g": "010"}})
    text = write(element, Format.YAML)
    assert text == "manifest:\n  a: 22\n  b: 'yes'\n  c: '1.10'\n  d: '0x1'\n  e: plain\n  f: ''\n  g: '010'\n"


def test_xml_that_cannot_say_it_is_refused() -> None:
    with pytest.raises(ValueError, match="XML"):
        write(tree({"manifest": {"name": "\x01"}}), Format.XML)


@pytest.mark.parametrize("name", ROOTS)
def test_null_is_no_value(name: str) -> None:
    assert write(tree({name: {"zone": None}}), Format.JSON) == write(tree({name: {"zone": ""}}), Format.JSON)


def corpus() -> list[Path]:
    if not CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CORPUS} is not there: in CI these documents must be read")
        pytest.skip(f"{CORPUS} is not there")
    return sorted((*CORPUS.glob("manifests/*.xml"), *CORPUS.glob("agreements/*.xml"), *CORPUS.glob("imports/*.xml")))


def test_the_twins_of_the_corpus_are_the_same_documents() -> None:
    for path in corpus():
        reading = read(path.read_bytes())
        tree = parse(path.read_bytes()).tree
        if reading.document is None or tree is None:
            continue
        for format in ROUND:
            assert read(write(tree, format).encode(), format=format).document == reading.document, path.name


def test_the_twins_of_the_examples_are_the_same_documents() -> None:
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*.[xy]*ml")):
        tree = parse(path.read_bytes()).tree
        assert tree is not None
        for format in ROUND:
            assert read(write(tree, format).encode()).document == read(path.read_bytes()).document, path.name
