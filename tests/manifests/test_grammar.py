"""The grammar's table holds together: what a row names is there, and whatever it makes can be made."""

from __future__ import annotations

import inspect
from functools import partial

import pytest

from manifests import CODES, Severity, read
from manifests.grammar import GRAMMAR, ROOTS, Refers
from manifests.grammar.kinds import CONVERT, Kind
from manifests.grammar.rules import Attr, Rule

RULES = sorted(GRAMMAR)


def fields(rule: Rule) -> set[str] | None:
    """What its maker takes by name; None: anything."""
    if isinstance(rule.make, partial):
        return None
    parameters = inspect.signature(rule.make).parameters.values()
    return None if any(one.kind is one.VAR_KEYWORD for one in parameters) else {one.name for one in parameters}


@pytest.mark.parametrize("name", RULES)
def test_a_row_names_rows_fields_and_kinds_that_there_are(name: str) -> None:
    rule = GRAMMAR[name]
    known = fields(rule)
    kept = {known.field or each for each, known in rule.attributes.items() if known.kind is not Kind.READ}
    kept |= {child.field for child in rule.children.values()}
    assert known is None or kept <= known
    assert {child.rule for child in rule.children.values()} <= GRAMMAR.keys()
    assert {known.kind for known in rule.attributes.values()} <= CONVERT.keys()


@pytest.mark.parametrize("name", RULES)
def test_what_a_row_counts_is_an_attribute_that_a_document_may_have(name: str) -> None:
    rule = GRAMMAR[name]
    for child in rule.children.values():
        assert not child.counter or rule.attributes[child.counter].kind is Kind.READ
        assert child.lacking in CODES
        assert child.required or child.lacking == "missing"


def test_every_row_is_part_of_some_document() -> None:
    reached: set[str] = set()
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [child.rule for child in GRAMMAR[name].children.values()]
    assert reached == GRAMMAR.keys()


@pytest.mark.parametrize("name", RULES)
def test_a_decorated_element_of_any_row_may_have_an_id_and_a_state(name: str) -> None:
    assert {"id", "state"} <= GRAMMAR[name].attributes.keys()


def test_what_is_referred_to_has_a_name() -> None:
    for rule in GRAMMAR.values():
        if rule.refers is not Refers.NEVER:
            assert isinstance(rule.attributes["name"], Attr)


@pytest.mark.parametrize("root", ROOTS)
def test_an_empty_document_of_every_kind_says_what_is_missing(root: str) -> None:
    said = read(f"<{root}/>".encode()).diagnostics
    assert {one.code for one in said if one.severity is Severity.ERROR} == {"missing"}


@pytest.mark.parametrize("root", ROOTS)
def test_a_document_of_every_kind_needs_no_more_than_a_name(root: str) -> None:
    reading = read(f"<{root} name='x'/>".encode())
    assert reading.document is not None and reading.document.name == "x"
    assert reading.tree is not None and reading.tree.name == root


@pytest.mark.parametrize("root", ROOTS)
def test_what_is_said_of_another_element_may_stand_in_every_document(root: str) -> None:
    inside = '<error code="706" message="m"/><warning/><choice code="737"/><description>d</description>'
    reading = read(f"<{root} name='x'>{inside}</{root}>".encode())
    assert reading.document is not None


@pytest.mark.parametrize("format", ["xml", "yaml", "json"])
def test_a_document_is_the_same_in_every_format(format: str) -> None:
    texts = {
        "xml": '<provider name="p"><quota name=":q" ceiling="3"><price name="e" rate="1"/></quota></provider>',
        "yaml": "provider:\n  name: p\n  quota:\n    name: ':q'\n    ceiling: 3\n    price: {name: e, rate: 1}\n",
        "json": '{"provider": {"name": "p", "quota": {"name": ":q", "ceiling": 3, "price": {"name": "e", "rate": 1}}}}',
    }
    assert read(texts[format].encode(), format=format).document == read(texts["xml"].encode()).document


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ('<import name="i"><user name="u" stamp="soon"/></import>', "bad-value"),
        ('<import name="i"><price name="p" rtae="1"/></import>', "unknown-attribute"),
        ('<import name="i"><prcie name="p"/></import>', "unknown-element"),
        ('<provider name="p"><quota name="q"><price name="a"/><price name="b"/></quota></provider>', "duplicate"),
        ('<provider name="p">text</provider>', "stray-text"),
        ('<paas_application_manifest name="p"><paas_application name="a"/></paas_application_manifest>', "missing"),
        ('<manifest name="a/b"/>', "bad-value"),
        ('<manifest name="m"><account name="a&#10;b"/></manifest>', "bad-value"),
        ('<manifest name="m"><output name="o" value="pacs"/></manifest>', "bad-value"),
        ('<manifest name="m"><input name="a b"/></manifest>', "bad-value"),
        ('<import name="i"><metric name="a b"/></import>', "bad-value"),
        ('<manifest name="m"><interface><action name="a b" expression="x"/></interface></manifest>', "bad-value"),
        ('<manifest name="m"><interface><action expression="x"/></interface></manifest>', "missing"),
    ],
)
def test_a_record_is_checked_as_strictly_as_what_is_acted_on(document: str, code: str) -> None:
    reading = read(document.encode())
    assert reading.document is None
    assert code in {one.code for one in reading.diagnostics}


def test_several_descriptions_are_one_text() -> None:
    text = b"<manifest name='m'><description>one</description><description>two</description></manifest>"
    document = read(text).document
    assert getattr(document, "description", None) == "one\ntwo"


def test_a_script_may_be_an_element_and_a_number_may_not() -> None:
    compute = "<compute><cores>2</cores></compute>"
    text = f"<manifest name='m'><node name='a'><infrastructure>{compute}</infrastructure></node></manifest>"
    assert [one.code for one in read(text.encode()).diagnostics] == ["wrong-form"]
