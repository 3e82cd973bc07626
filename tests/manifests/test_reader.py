"""Documents are read whole, with everything that is wrong at once and at its place; no bytes raise."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import Manifest, read


def places(text: str | bytes) -> list[tuple[str, int, int]]:
    reading = read(text.encode() if isinstance(text, str) else text)
    return [(d.code, d.line, d.column) for d in reading.diagnostics]


def test_every_mistake_is_told_at_once_with_line_and_column() -> None:
    text = """<manifest name="m" nmae="x">
  <node>
    <infrastructure><compute cores="many" memory="lots"/></infrastructure>
  </node>
  <nod name="a"/>
  <configuration><action expression="a.b(c"/></configuration>
</manifest>"""
    assert places(text) == [
        ("unknown-attribute", 1, 20),
        ("missing", 2, 3),
        ("bad-value", 3, 37),
        ("bad-value", 3, 51),
        ("unknown-element", 5, 3),
        ("action-syntax", 6, 43),
    ]


def test_yaml_has_the_same_mistakes_at_its_own_places() -> None:
    text = """manifest:
  name: m
  nmae: x
  node:
    - image: {}
    - name: a
      infrastructure:
        compute: {cores: many}
  nod: {name: a}
"""
    assert places(text) == [
        ("unknown-attribute", 3, 3),
        ("missing", 5, 7),
        ("bad-value", 8, 26),
        ("unknown-element", 9, 3),
    ]


def test_a_wrong_name_gets_the_nearest_spelling_as_a_hint() -> None:
    found = read(b'<manifest nmae="m" name="m"><noed name="a"/></manifest>').diagnostics
    assert [d.hint for d in found] == ["did you mean 'name'?", "did you mean 'node'?"]


XML = '<manifest name="m"><node name="a"/><configuration><action\n expression="{}"/></configuration></manifest>'
YAML = "manifest:\n  name: m\n  node: {{name: a}}\n  configuration:\n    action:\n      expression: {}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (XML.format("a.&#115;ystem(&apos;x&apos;); b.system('x');"), (2, 44)),
        (YAML.format("a.system('x'); b.system('x');"), (6, 34)),
        (YAML.format("'a.system(''x''); b.system(''x'');'"), (6, 37)),
        (YAML.format('"a.system(\\"x\\"); b.system(\'x\');"'), (6, 37)),
        (YAML.format("|\n        a.system('x');\n        b.system('x');"), (8, 9)),
    ],
)
def test_a_statement_is_placed_where_it_is_written_whatever_the_quotes(text: str, place: tuple[int, int]) -> None:
    assert places(text) == [("action-path", *place)]


def test_json_is_read_as_the_yaml_that_it_is(parsed: Callable[[str | bytes], Manifest]) -> None:
    tree = {"manifest": {"name": "m", "node": [{"name": "a", "image": {"system": {"name": "é \U0001f600"}}}]}}
    document = parsed(json.dumps(tree, indent=2, ensure_ascii=False))
    assert document.nodes[0].image and document.nodes[0].image.system
    assert document.nodes[0].image.system.name == "é \U0001f600"


def test_a_text_can_stand_in_an_element_so_that_lines_stay_lines(parsed: Callable[[str | bytes], Manifest]) -> None:
    head, tail = '<manifest name="m"><node name="a"><image><package name="p">', "</package></image></node></manifest>"
    document = parsed(
        f"{head}<configuration><![CDATA[\n   if true; then\n     echo 1 &&  x\n   fi\n ]]></configuration>{tail}"
    )
    assert document.nodes[0].image
    assert document.nodes[0].image.packages[0].configuration == "if true; then\n  echo 1 &&  x\nfi"


def test_an_attribute_that_is_also_an_element_is_told() -> None:
    assert places('<manifest name="m" description="x">\n<description>y</description></manifest>') == [
        ("duplicate", 2, 1)
    ]


def test_the_historic_hash_is_an_empty_script(parsed: Callable[[str | bytes], Manifest]) -> None:
    document = parsed(
        '<manifest name="m"><node name="a"><image><package name="p" installation="#"/></image></node></manifest>'
    )
    assert document.nodes[0].image and document.nodes[0].image.packages[0].installation == ""


def test_an_empty_named_element_is_the_one_of_that_name(parsed: Callable[[str | bytes], Manifest]) -> None:
    document = parsed(
        '<manifest name="m"><node name="a"><infrastructure name="i"/></node>'
        '<node name="b"><infrastructure name="i"><compute cores="3"/></infrastructure></node></manifest>'
    )
    assert document.nodes[0].infrastructure == document.nodes[1].infrastructure


def test_the_three_historic_namespaces_are_one_grammar(parsed: Callable[[str | bytes], Manifest]) -> None:
    names = (
        "http://www.compatibleone.fr/schemes/manifest.xsd",
        "http://www.compatibleone.fr/schemes/cords.xsd",
        "file:///tmp/manifest.xsd",
    )
    found = [parsed(f'<manifest name="m" xmlns="{name}"/>') for name in names]
    assert found == [parsed('<manifest name="m"/>')] * 3


def test_an_old_encoding_is_read(parsed: Callable[[str | bytes], Manifest]) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<manifest name="é"/>'
    assert parsed(text.encode("latin-1")).name == "é"
    assert parsed(text.replace("ISO-8859-1", "UTF8").encode()).name == "é"


def test_yaml_keys_that_come_twice_are_told() -> None:
    assert places("manifest:\n  name: m\n  name: n\n") == [("duplicate", 3, 3)]
    assert places("manifest:\n  name: m\n  image: {}\n") == [("unknown-element", 3, 3)]
    assert places("manifest:\n  name: m\n  configuration: {}\n  configuration: {}\n") == [("duplicate", 4, 3)]


HOSTILE = """
import resource, sys
limit = 700 * 1024**2
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from manifests import read
for data in (
    b"x" * (2 * 1024**2 + 1),
    b'<manifest name="m" ' + b" ".join(b'a%d=""' % i for i in range(200_000)) + b"/>",
    b'<manifest name="m" ' + b" ".join(b'a%d=""' % i for i in range(100_000)) + b"/>",
    b"<!DOCTYPE m [<!ENTITY a '%s'><!ENTITY b '%s'>]><m x='%s'/>" % (b"a" * 10_000, b"&a;" * 1000, b"&b;" * 1000),
    b"<!-- -->\\n<!DOCTYPE manifest SYSTEM 'http://127.0.0.1:1/x'><manifest/>",
    b'<manifest name="m">' + b"<node/>" * 299_000 + b"</manifest>",
    b'<manifest name="m">' + b"<node>" * 200 + b"</node>" * 200 + b"</manifest>",
    b"<a>" * 600_000,
    b"[" * 2_000_000,
    b"{" * 2_000_000,
    b"manifest: {name: m, node: [" + b"{}," * 600_000 + b"]}",
    b"? " * 900_000,
    b"- " * 900_000,
    b"&a [" + b"*a," * 600_000 + b"]",
    b'<manifest name="m"><configuration><action expression="%s"/></configuration></manifest>' % (b"a.b(c);" * 250_000),
    b'<manifest name="m"><configuration><action expression="%s"/></configuration></manifest>' % (b" " * 2_000_000),
    b'<manifest name="' + b" " * 2_000_000 + b'"/>',
    b"<" + b"?" * 2_000_000,
    b"<!--" * 500_000,
):
    found = read(data)
    assert found.document is None, data[:60]
    assert len(found.diagnostics) <= 201
    print(found.diagnostics[-1].code)
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MiB", file=sys.stderr)
"""


def test_hostile_documents_are_refused_in_bounded_memory() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    codes = done.stdout.split()
    assert codes[:5] == ["body-too-large", "too-many-parts", "too-many-parts", "doctype", "doctype"]
    assert len(codes) == 19


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("<manifest>\n<node " + " ".join(f"a{i}=''" for i in range(1001)) + "/></manifest>", "too-many-parts", (2, 1)),
        ("manifest:\n  name: a\x01b", "not-yaml", (2, 10)),
        ("node", "not-a-document", (1, 1)),
    ],
)
def test_what_is_wrong_with_the_whole_has_a_place_too(text: str, code: str, place: tuple[int, int]) -> None:
    found = next(one for one in read(text.encode()).diagnostics if one.code == code)
    assert (found.line, found.column) == place


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    reading = read(data)
    assert reading.document is not None or reading.diagnostics


@given(st.text(max_size=300), st.sampled_from(["xml", "yaml", "json"]))
def test_no_text_raises_in_any_format(text: str, given_format: str) -> None:
    assert read(text.encode("utf-8", "surrogatepass"), format=given_format).document is None


NAMES = st.sampled_from(["manifest", "node", "name", "image", "package", "configuration", "action", "expression", "x"])
MARKS = st.sampled_from(["<", ">", "/>", "</", "<![CDATA[", "]]>", "<!--", "-->", "=", "&", "*", ";", "|", ":", "- "])
REST = st.sampled_from(['"', "'", " ", "\n", "{", "}", "[", "]", "a.configure(b.hostname);"])
WORDS = NAMES | MARKS | REST


@given(st.lists(WORDS, max_size=40).map("".join))
def test_no_soup_of_the_languages_own_words_raises(text: str) -> None:
    read(text.encode())
    read(f'<manifest name="m">{text}</manifest>'.encode())
    read(f"manifest:\n  name: m\n  node: {text}".encode())


@given(st.data())
def test_no_damage_to_a_good_document_raises(data: st.DataObject) -> None:
    good = b'<manifest name="m"><node name="a"><image name="i"><package name="p"/></image></node></manifest>'
    at = data.draw(st.integers(0, len(good)))
    cut = data.draw(st.integers(0, 8))
    read(good[:at] + data.draw(st.binary(max_size=4)) + good[at + cut :])
