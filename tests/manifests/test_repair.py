"""What people get wrong in XML is mended where only one reading makes sense, told with its place, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Manifest, Severity, read
from manifests.text.repair import repair
from manifests.text.tree import Element

HEAD, TAIL = '<manifest name="m">', "</manifest>"
NODE = '<node name="a"/>'
ACT = "<configuration>{}</configuration>"

# What is written, the code and place of its repair, and the well-formed document that says the same.
MENDED: Mapping[str, tuple[str, str, tuple[int, int], str]] = {
    "blank lines before the declaration": (
        f'\n\n<?xml version="1.0"?>{HEAD}{TAIL}', "repaired-declaration", (1, 1), f"{HEAD}{TAIL}"),
    "a second byte order mark": (
        f'\ufeff\n<?xml version="1.0"?>{HEAD}{TAIL}', "repaired-declaration", (1, 1), f"{HEAD}{TAIL}"),
    "an encoding as libxml spells it": (
        f'<?xml version="1.0" encoding="UTF8"?>{HEAD}{TAIL}', "repaired-declaration", (1, 1), f"{HEAD}{TAIL}"),
    "a declaration in typographic quotes": (
        f"<?xml version=”1.0” encoding=”UTF8”?>{HEAD}{TAIL}", "repaired-declaration", (1, 1), f"{HEAD}{TAIL}"),
    "a declaration that ends like a tag": (
        f'<?xml version="1.0">{HEAD}{TAIL}', "repaired-declaration", (1, 1), f"{HEAD}{TAIL}"),
    "no quotes": (
        f'{HEAD}\n<node name="a" scope=normal access=public/>{TAIL}', "repaired-quotes", (2, 16),
        f'{HEAD}\n<node name="a" scope="normal" access="public"/>{TAIL}'),
    "a namespace without quotes": (
        "<manifest xmlns=http://www.compatibleone.fr/schemes/manifest.xsd name=m></manifest>", "repaired-quotes",
        (1, 11), '<manifest xmlns="http://www.compatibleone.fr/schemes/manifest.xsd" name="m"></manifest>'),
    "typographic quotes": (
        "<manifest name=”m”><node name=“a”/></manifest>", "repaired-quotes", (1, 11), f"{HEAD}{NODE}{TAIL}"),
    "typographic quotes inside such quotes": (
        f"{HEAD}{NODE}{ACT.format('<action expression=”a.system(‘x’);”/>')}{TAIL}", "repaired-quotes", (1, 59),
        f"""{HEAD}{NODE}{ACT.format('<action expression="a.system(&apos;x&apos;);"/>')}{TAIL}"""),
    "straight quotes inside typographic ones": (
        "<manifest name=’m’ description=‘a \"b\"’/>", "repaired-quotes", (1, 20),
        "<manifest name='m' description='a \"b\"'/>"),
    "a value that ends with the other quote": (
        f"""{HEAD}{NODE}{ACT.format('''<action expression='a.system("x");"/>''')}{TAIL}""", "repaired-quotes", (1, 59),
        f"""{HEAD}{NODE}{ACT.format('''<action expression='a.system("x");'/>''')}{TAIL}"""),
    "the other quote, and more attributes": (
        f"""{HEAD}{NODE}{ACT.format('''<action name='x" expression='a.system("x");'/>''')}{TAIL}""", "repaired-quotes",
        (1, 59), f"""{HEAD}{NODE}{ACT.format('''<action name='x' expression='a.system("x");'/>''')}{TAIL}"""),
    "no blank between attributes": (
        f'{HEAD}<node name="a" type="simple"provider="local"/>{TAIL}', "repaired-blank", (1, 48),
        f'{HEAD}<node name="a" type="simple" provider="local"/>{TAIL}'),
    "a digit in the end of a tag": (f'{HEAD}<node name="a"/1>{TAIL}', "repaired-tag", (1, 34), f"{HEAD}{NODE}{TAIL}"),
    "a blank in the end of a tag": (f'{HEAD}<node name="a"/ >{TAIL}', "repaired-tag", (1, 34), f"{HEAD}{NODE}{TAIL}"),
    "an action without an end": (
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('x');"
<action expression="a.system('y');"/>''')}{TAIL}""", "repaired-tag", (1, 51),
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('x');"/>
<action expression="a.system('y');"/>''')}{TAIL}"""),
    "a start tag without an end that has an end tag": (
        f'{HEAD}<node name="a"<image><system name="x"/></image></node>{TAIL}', "repaired-tag", (1, 20),
        f'{HEAD}<node name="a"><image><system name="x"/></image></node>{TAIL}'),
    "an end tag without an end": (
        f'{HEAD}<node name="a"></node</manifest>', "repaired-tag", (1, 35), f"{HEAD}{NODE}{TAIL}"),
    "an end tag like an empty one": (
        f'{HEAD}<node name="a"></node/></manifest>', "repaired-tag", (1, 35), f"{HEAD}{NODE}{TAIL}"),
    "an end tag of another name": (
        f'{HEAD}<node name="a"></nodes>{TAIL}', "repaired-tag", (1, 35), f"{HEAD}{NODE}{TAIL}"),
    "a semicolon between elements": (
        f'{HEAD}{NODE} ;\n<node name="b"/>{TAIL}', "repaired-mark", (1, 37),
        f'{HEAD}{NODE}<node name="b"/>{TAIL}'),
    "a semicolon after nested elements": (
        f'{HEAD}<node name="a"><image><system name="x"/></image>\n</node>;{TAIL}', "repaired-mark", (2, 8),
        f'{HEAD}<node name="a"><image><system name="x"/></image></node>{TAIL}'),
    "a semicolon after the document": (f"{HEAD}{NODE}{TAIL};", "repaired-mark", (1, 47), f"{HEAD}{NODE}{TAIL}"),
    "commas between attributes": (
        '<manifest name="m", zone="z"/>', "repaired-mark", (1, 19), '<manifest name="m" zone="z"/>'),
    "bare ampersands": (
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('cd x && y & z');"/>''')}{TAIL}""",
        "repaired-escape", (1, 86),
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('cd x &amp;&amp; y &amp; z');"/>''')}{TAIL}"""),
    "a bare angle": (
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('[ 1 < 2 ] << 3');"/>''')}{TAIL}""",
        "repaired-escape", (1, 85),
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.system('[ 1 &lt; 2 ] &lt;&lt; 3');"/>''')}{TAIL}"""),
    "an attribute twice": (
        '<manifest name="m" zone="z"\n zone="z"/>', "repaired-duplicate", (2, 2), '<manifest name="m" zone="z"/>'),
    "an attribute twice, without quotes": (
        '<manifest name="m" zone=z zone=z/>', "repaired-duplicate", (1, 27), '<manifest name="m" zone="z"/>'),
}  # fmt: skip

# What is written, and the error's code and place.
NOT_MENDED: Mapping[str, tuple[str, str, tuple[int, int]]] = {
    "an attribute twice, with two values": ('<manifest name="m" name="n"/>', "duplicate", (1, 20)),
    "a value without its end": (f'{HEAD}<node name="a type="simple"/>{TAIL}', "not-xml", (1, 31)),
    "a value without its end, with the other quote in pairs": (
        f"""{HEAD}{NODE}{ACT.format('''<action expression="a.x = 'v' />''')}{TAIL}""", "not-xml", (1, 70)),
    "an attribute without a value": (f'{HEAD}<node name="a" simple/>{TAIL}', "not-xml", (1, 35)),
    "an empty place for a value": (f'{HEAD}<node name= type="x"/>{TAIL}', "not-xml", (1, 26)),
    "a quote too many": (f'{HEAD}<node name="a""/>{TAIL}', "not-xml", (1, 34)),
    "an element that is not closed": (f'{HEAD}<node name="a">{TAIL}', "not-xml", (1, 20)),
    "a document that is cut": (f"{HEAD}{NODE}", "not-xml", (1, 1)),
    "a document that is cut in a tag": (f'{HEAD}<node name="a"', "not-xml", (1, 34)),
    "an end tag that closes nothing": (f"{HEAD}{NODE}</nodes>{NODE}{TAIL}", "not-xml", (1, 36)),
    "an entity that is not defined": (f'{HEAD}<node name="&nbsp;"/>{TAIL}', "not-xml", (1, 32)),
    "half a reference": (f'{HEAD}<node name="a" zone="x &amp y"/>{TAIL}', "not-xml", (1, 43)),
    "a comment without an end": (f"{HEAD}<!-- {NODE}{TAIL}", "not-xml", (1, 20)),
    "a text outside": (f"{HEAD}{TAIL}\nmore", "not-xml", (2, 1)),
    "a second document": (f"{HEAD}{TAIL}\n{HEAD}{TAIL}", "not-xml", (2, 1)),
    "a DOCTYPE that a repair would bring to the front": (";<!DOCTYPE m><manifest name='m'/>", "doctype", (1, 2)),
    "a prefix of nobody": ('<x:manifest name="m"/>', "not-xml", (1, 21)),
}  # fmt: skip


def what(element: Element | None) -> object:
    """An element without its places."""
    if element is None:
        return None
    attributes = {name: attribute.value for name, attribute in element.attributes.items()}
    return element.name, attributes, element.text and element.text.value.strip(), [what(e) for e in element.children]


@pytest.mark.parametrize("quirk", MENDED)
def test_a_quirk_is_mended_and_told(quirk: str) -> None:
    written, code, place, meant = MENDED[quirk]
    reading = read(written.encode())
    assert what(reading.tree) == what(read(meant.encode()).tree) != None  # noqa: E711  a chain
    assert reading.document is not None, [str(one) for one in reading.diagnostics]
    told = [one for one in reading.diagnostics if one.code.startswith("repaired-")]
    assert {one.code for one in told} >= {code}
    assert (code, *place) in [(one.code, one.line, one.column) for one in told]
    assert all(one.severity is Severity.WARNING and one.hint and "'" in one.summary for one in told)


@pytest.mark.parametrize("quirk", MENDED)
def test_strict_refuses_what_would_be_mended(quirk: str) -> None:
    reading = read(MENDED[quirk][0].encode(), strict=True)
    assert reading.document is None
    assert {one.severity for one in reading.diagnostics if one.code.startswith("repaired-")} == {Severity.ERROR}


@pytest.mark.parametrize("quirk", NOT_MENDED)
def test_what_cannot_be_mended_safely_is_told_with_its_place(quirk: str) -> None:
    written, code, place = NOT_MENDED[quirk]
    reading = read(written.encode())
    assert reading.document is None
    errors = [(one.code, one.line, one.column) for one in reading.diagnostics if one.severity is Severity.ERROR]
    assert errors[0] == (code, *place), [str(one) for one in reading.diagnostics]


def test_a_repair_shows_what_was_read_and_what_was_made_of_it() -> None:
    (told,) = read(b'<manifest name="m"zone="z"/>').diagnostics
    assert told.summary == "there is no blank between two attributes: '\"zone=' was read as '\" zone='"
    assert read(b'<manifest name="m" zone="z" zone="z"/>').diagnostics[0].summary.endswith("'zone=\"z\"' was left out")


def test_everything_after_a_repair_keeps_the_place_where_it_is_written() -> None:
    text = """
<?xml version="1.0" encoding="UTF8"?>
<manifest name=m>
  <node name="a"type=simple nmae="b"/>;
  <configuration><action expression='b.x = "é" && c.y();"/></configuration>
</manifest>"""
    found = [(one.code, one.line, one.column) for one in read(text.encode()).diagnostics if "repair" not in one.code]
    assert ("unknown-attribute", 4, 29) in found
    assert next(place for code, *place in found if code.startswith("action")) == [5, 48]


def test_all_that_is_broken_is_told_at_once() -> None:
    text = '<manifest name=m>\n<node simple/>\n<node name="&x;"/>\n<node name="a" name="b"/></manifest>'
    found = [(one.code, one.line) for one in read(text.encode()).diagnostics]
    assert found == [("repaired-quotes", 1), ("not-xml", 2), ("not-xml", 3), ("duplicate", 4)]


def test_a_well_formed_text_is_not_touched() -> None:
    text = '<manifest name="m" description="a &amp; b &#60; \'c\'"><!-- & < <node> --><![CDATA[ & < ]]></manifest>'
    repaired = repair(text)
    assert (repaired.text, repaired.repairs, repaired.troubles) == (text, (), ())


def test_a_document_with_too_many_repairs_is_refused() -> None:
    reading = read(b"<manifest name='m'>" + b"<node name=a/>" * 2000 + b"</manifest>")
    assert reading.document is None
    assert len(reading.diagnostics) <= 201


@pytest.mark.parametrize(
    "piece",
    ["<a b='", '<a b="', "<a b=c ", "<a b", "<a ", "</a", "<!--", "<![CDATA[", "&", "& ", "<", "< ", ";", "<a b=”",
     '<a b=\'"', " a=1", '"', "/ ", "<?", "<a/1", "<a>;", "<a\n", "</a><b ", "<a b=' c=\""],
)  # fmt: skip
def test_no_repetition_of_a_broken_piece_takes_more_than_linear_time(piece: str) -> None:
    """Steps are counted by what is looked at: a quadratic scanner would not end before the test's time-out."""
    assert read(f"<manifest name='m'>{piece * (200_000 // len(piece))}".encode()).document is None
    assert read(f"<manifest name='m' {piece * (200_000 // len(piece))}".encode()).document is None


def test_a_repaired_manifest_is_the_one_that_was_meant() -> None:
    meant = read(b'<manifest name="m"><node name="a" access="public"/><node name="b"/></manifest>').document
    found = read(b'<manifest name=m><node name=\xe2\x80\x9da\xe2\x80\x9d access=public/>;<node name="b"/1></manifest>')
    assert isinstance(found.document, Manifest)
    assert found.document == meant


WORDS = "<a <b </a> </b /> > x= y \" ' ” ’ & &amp; < ; = /1> <!-- --> <![CDATA[ ]]> <?xml é \ufeff"
SPACED = (" ", "\n", " x=", ' x="1"', " x='1'", "<?xml version=1?>")
SOUP = st.lists(st.sampled_from((*WORDS.split(" "), *SPACED)), max_size=30).map("".join)


@settings(deadline=None, max_examples=300)
@given(SOUP | SOUP.map(lambda text: f"<m>{text}</m>"))
def test_what_was_mended_needs_no_more_mending_and_every_place_of_it_is_one_of_the_original(text: str) -> None:
    mended = repair(text)
    places = [mended.original(offset) for offset in range(len(mended.text) + 1)]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= len(text)
    if not mended.troubles:
        again = repair(mended.text)
        assert (again.text, again.repairs, again.troubles) == (mended.text, (), ())
