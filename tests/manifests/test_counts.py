"""No element, action or statement of a document is lost without a diagnostic: counted here from the raw text, by other
means than the reader's."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Reading, read
from manifests.model import Action
from manifests.text.tree import Element
from tests.fuzz.checks import CORPUS, DOCUMENTS, EXAMPLES

# What holds no element: comments, CDATA, processing instructions. A `<` before a letter begins one wherever it stands.
_NO_MARKUP = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?(?:\?>|(?=<[^?]))", re.DOTALL)
_START = re.compile(r"<([A-Za-z_][\w:.-]*)")
_EXPRESSION = re.compile(r"""<action\b[^<]*?\bexpression\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")


def names(text: str) -> list[str]:
    """The names of all elements of a raw text, broken or not."""
    return [found[1].rpartition(":")[2] for found in _START.finditer(_NO_MARKUP.sub(" ", text))]


def written_statements(text: str) -> int:
    """Semicolons of all expressions in straight quotes, those in literals excepted."""
    expressions = (found[1] or found[2] or "" for found in _EXPRESSION.finditer(_NO_MARKUP.sub(" ", text)))
    return sum(_LITERAL.sub("", re.sub(r"&\w+;", "'", one)).count(";") for one in expressions)


def tree_names(element: Element) -> Iterator[str]:
    waiting = [element]
    while waiting:
        each = waiting.pop()
        yield each.name
        waiting.extend(each.children)


def actions(value: object) -> Iterator[Action]:
    """All actions in a typed document."""
    if isinstance(value, Action):
        yield value
    elif isinstance(value, tuple):
        for inner in value:
            yield from actions(inner)
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from actions(getattr(value, each.name))


def assert_nothing_is_lost(text: str, reading: Reading) -> None:
    if reading.document is None:
        assert reading.diagnostics, "refused without a word"
    if reading.tree is None:
        assert reading.document is None
        return
    written = names(text)
    assert sorted(tree_names(reading.tree)) == sorted(written) or misnamed(reading), "elements differ"
    if reading.document is not None:
        found = list(actions(reading.document))
        assert len(found) == written.count("action")
        if not any(one.code.startswith("action") for one in reading.diagnostics):
            assert sum(len(action.statements) for action in found) >= written_statements(text)


def misnamed(reading: Reading) -> bool:
    """Whether a name was read that no name of the raw text can be told from: said, and refused."""
    return reading.document is None and any(
        d.code in ("unknown-element", "not-a-document") for d in reading.diagnostics
    )


def documents() -> list[Path]:
    folders = (EXAMPLES, DOCUMENTS, *(CORPUS / name for name in ("manifests", "agreements", "imports", "generated")))
    return [path for folder in folders for path in sorted(folder.glob("*.xml"))]


def test_the_corpus_is_there() -> None:
    if not CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CORPUS} is not there: in CI these documents must be counted")
        pytest.skip(f"{CORPUS} is not there")


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_nothing_of_a_document_is_lost(path: Path) -> None:
    data = path.read_bytes()
    text = data.decode("iso-8859-1" if b"ISO-8859-1" in data[:100] else "utf-8")
    assert_nothing_is_lost(text, read(data))


GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<manifest name="m" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd">
  <description>what it &amp; its nodes do</description>
  <!-- <node name="no"/> -->
  <node name="a" type="simple" access='public'>
    <infrastructure name="i"><compute name="c" cores="2" memory="4G"/>
      <network name="n"><port name="p" protocol="tcp" from="22" to="22"/></network></infrastructure>
    <image name="im"><system name="debian"/><package name="p" configuration="true &amp;&amp; x"/></image>
  </node>
  <node name="b"><infrastructure name="i"/><image name="im"/></node>
  <configuration name="c">
    <action expression="a.configure(b.hostname); a.system('x; y');"/>
    <action name="second" expression='b.system("z");'></action>
  </configuration>
  <release><action expression="b.kill('z');"/></release>
</manifest>
"""
PIECES = re.findall(r"<!--|-->|</?\w+|/>|\w+|.", GOOD, re.DOTALL)
MARKS = st.sampled_from(
    [*"<>/\"'=&;! \n”’", "/>", "</", "<node", "<action", "<!--", "-->", "]]>", "<![CDATA[", "<?", "&&"]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good document with some of its words gone, twice there, or with marks between them."""
    pieces = list(PIECES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(pieces) - 1))
        how = draw(st.sampled_from(("delete", "double", "insert", "character")))
        if how == "delete":
            del pieces[at]
        elif how == "double":
            pieces.insert(at, pieces[at])
        elif how == "insert":
            pieces.insert(at, draw(MARKS))
        elif pieces[at]:
            cut = draw(st.integers(0, len(pieces[at]) - 1))
            pieces[at] = pieces[at][:cut] + pieces[at][cut + 1 :]
    return "".join(pieces)


def test_the_good_document_is_read_without_a_word() -> None:
    reading = read(GOOD.encode())
    assert not reading.diagnostics
    assert reading.document is not None
    assert_nothing_is_lost(GOOD, reading)
    assert (names(GOOD).count("action"), written_statements(GOOD)) == (3, 4)
    assert sum(len(action.statements) for action in actions(reading.document)) == 4


@settings(deadline=None, max_examples=400)
@given(damaged())
def test_nothing_of_a_damaged_document_is_lost(text: str) -> None:
    assert_nothing_is_lost(text, read(text.encode()))


@pytest.mark.slow
def test_nothing_is_lost_by_any_one_character_that_is_gone_or_too_many() -> None:
    for at in range(len(GOOD)):
        for text in (GOOD[:at] + GOOD[at + 1 :], GOOD[:at] + GOOD[at] + GOOD[at:]):
            assert_nothing_is_lost(text, read(text.encode()))
        for mark in "<>\"'/&;= ":
            text = GOOD[:at] + mark + GOOD[at:]
            assert_nothing_is_lost(text, read(text.encode()))
