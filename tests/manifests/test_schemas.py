"""What a schema accepts the reader accepts, and the other way round, but for what no schema can say."""

from __future__ import annotations

import copy
import re
from functools import cache
from pathlib import Path

import jsonschema
import orjson
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from manifests import Diagnostic, Format, Severity, parse, read, write
from manifests.actions.language import statements
from manifests.grammar import GRAMMAR, ROOTS, Attr
from manifests.grammar.kinds import CONVERT, FORMS, Kind, fits
from manifests.reading.references import SAYS_NOTHING
from manifests.schemas import PUBLISHED, path, stale
from manifests.schemas import json_schema as schema_json
from manifests.schemas import xsd as schema_xsd
from manifests.text.tree import Attribute, Element
from tests.manifests.trees import CHARACTERS, documents

DOCS = Path(__file__).parents[2] / "docs" / "manifests-schemas.md"
EXAMPLES = Path(__file__).parents[2] / "examples"

# What a document says about its own parts: names that must be there, or be there once, and what they must be of.
BEYOND = frozenset(
    {
        "action-path", "action-property", "action-method", "action-arguments", "action-consumer", "action-several",
        "action-metric", "input-unknown", "input-value", "input-secret", "input-missing", "output-property",
        "output-secret", "outside-address", "outside-part", "outside-target", "port-source", "reserved-name",
        "two-definitions", "nested-cycle", "hidden-character", "shared-target", "method-name",
    }
)  # fmt: skip
# What XML Schema 1.0 cannot say besides: that something is there as an attribute or as an element, or else refers.
BEYOND_XSD = BEYOND | {"missing description", "missing size", "duplicate description"}

GOOD = {
    Kind.TEXT: ("any", "a b", "9"),
    Kind.NAME: ("a", "b-1", "db:x"),
    Kind.LABEL: ("a", "Ünï 日本", "x (1)"),
    Kind.PACKAGE: ("nginx", "g++"),
    Kind.HOST: ("a.b", "h"),
    Kind.RANGE: ("10.0.0.0/8", "a", "::/0"),
    Kind.PATH: ("/", "/srv/a", "/a/..b/.c"),
    Kind.SCRIPT: ("true", "a\nb\n", "#"),
    Kind.EXPRESSION: ("a.system('x');", ' a.configure( b.hostname , c.d.address ) ;\na.x = "1";'),
    Kind.NUMBER: ("1.5", "-2"),
    Kind.INTEGER: ("12", "-3"),
    Kind.WORDS: ("a, b",),
    Kind.PROPERTY: ("a.address",),
    Kind.ADDRESS: ("10.0.0.1", "fe80::1", "::", "host.example"),
    Kind.AETITLE: ("ORTHANC", " A B "),
    Kind.CERTIFICATE: ("-----BEGIN CERTIFICATE-----\nAAAA\nBBB=\n-----END CERTIFICATE-----\n",),
    Kind.SIZE: ("1G", "0.5GiB", "7", "20 GB"),
    Kind.SPEED: ("3GHz", "1.6"),
    Kind.LANGUAGE: ("cordscript", ""),
    Kind.READ: ("x", "9", "http://a/b"),
}
ODD = (
    "", " ", "0", "00", "1", "-1", "65535", "65536", "1e3", "1.5", "yes", "TRUE", "tcp", "TCP ", "a b", "a/b", "-a",
    "é", "10.0.0.1", "1.2.3.4/99", "::1", "::1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "/a", "/a/../b", "/..", "a\nb",
    "#", "a.b()", "a.b();", "a.b('x', c.d);", "a.b = 'c';", "a.b(';", "cordscript:", "cordscript: a.b();", "a.b(,);",
    "a;b.c();", "1G", "1X", "0G", "999999999999G", "0.0000000001G", "1GiBx", "${input.size}", "x${input.", "${size}",
    "a" * 64, "a" * 129, "b" * 1025, "penalty", "eq", "Greater", "simple", "external", "any",
)  # fmt: skip


def good(known: Attr) -> st.SearchStrategy[str]:
    return st.sampled_from(GOOD.get(known.kind) or FORMS[known.kind].words or ("1", "22"))


def every(element: Element) -> list[Element]:
    found = [element]
    for one in found:
        found.extend(one.children)
    return found


@st.composite
def mutated(draw: st.DrawFn, roots: tuple[str, ...] = ROOTS) -> Element:
    """A document that is right, with a few things changed."""
    root = draw(documents(good, roots))
    for _ in range(draw(st.integers(0, 3))):
        element = draw(st.sampled_from(every(root)))
        MUTATIONS[draw(st.sampled_from(sorted(MUTATIONS)))](draw, element, root)
    return root


def drop_attribute(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.attributes:
        del element.attributes[draw(st.sampled_from(sorted(element.attributes)))]


def change_value(draw: st.DrawFn, element: Element, root: Element) -> None:
    text = Attribute(draw(st.sampled_from(ODD) | st.text(CHARACTERS, max_size=4)), 0, 0)
    if element.text is not None:
        element.text = text
    elif element.attributes:
        element.attributes[draw(st.sampled_from(sorted(element.attributes)))] = text


def add_attribute(draw: st.DrawFn, element: Element, root: Element) -> None:
    name = draw(st.sampled_from(["nmae", "zone", "size", "description", "id", "expression", "type", "node", "image"]))
    element.attributes.setdefault(name, Attribute("1", 0, 0))


def rename_attribute(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.attributes:
        name = draw(st.sampled_from(sorted(element.attributes)))
        element.attributes[name + "s"] = element.attributes.pop(name)


def drop_child(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.children:
        element.children.remove(draw(st.sampled_from(element.children)))


def repeat_child(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.children:
        element.children.append(copy.deepcopy(draw(st.sampled_from(element.children))))


def rename_child(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.children:
        names = ["error", "choice", "image", "node", "description", "expression", "configuration", "zone", "imgae"]
        draw(st.sampled_from(element.children)).name = draw(st.sampled_from(names))


def move_child(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.children:
        moved = draw(st.sampled_from(element.children))
        target = draw(st.sampled_from([one for one in every(root) if one not in every(moved)]))
        element.children.remove(moved)
        target.children.insert(draw(st.integers(0, len(target.children))), moved)


def attribute_as_child(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element.attributes:
        name = draw(st.sampled_from(sorted(element.attributes)))
        element.children.append(Element(name, 0, text=element.attributes.pop(name)))


def empty(draw: st.DrawFn, element: Element, root: Element) -> None:
    if element is not root:
        element.children.clear()
        element.attributes = {name: a for name, a in element.attributes.items() if name in ("name", "id")}


def stray_text(draw: st.DrawFn, element: Element, root: Element) -> None:
    element.text = element.text or Attribute("stray", 0, 0)


MUTATIONS = {
    function.__name__: function
    for function in (
        drop_attribute, change_value, add_attribute, rename_attribute, drop_child, repeat_child, rename_child,
        move_child, attribute_as_child, empty, stray_text,
    )
}  # fmt: skip


@cache
def xsd() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(schema_xsd.schema().encode()))


@cache
def published(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path(name)))


@cache
def json_schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(orjson.loads(schema_json.schema()))


def beyond(said: Diagnostic, known: frozenset[str]) -> bool:
    """Whether no schema can say it. Two things of one name are told to have another one."""
    named = said.code == "duplicate" and said.hint.startswith("give ")
    word = next((w for w in ("description", "size") if re.search(rf"\b{w}\b", said.summary)), "")
    return named or said.code in known or f"{said.code} {word}" in known


def names_a_volume(element: Element) -> bool:
    return element.name == "volume" and element.attributes.keys() <= SAYS_NOTHING


def judged(text: str, format: Format, known: frozenset[str]) -> tuple[bool, list[Diagnostic]]:
    """Whether the reader accepts a document but for what no schema can say, and all its errors."""
    reading = read(text.encode(), format=format, strict=True)
    refused = [said for said in reading.diagnostics if said.severity is Severity.ERROR]
    codes = {said.code for said in reading.diagnostics}
    assume("two-definitions" not in codes)  # then the reader looks at one of them only
    if "reference-nowhere" in codes or (reading.tree and any(map(names_a_volume, reading.tree.walk()))):
        known |= {"missing size"}  # of a volume that is elsewhere, or so it says
    return not [said for said in refused if not beyond(said, known)], refused


def agree(valid: bool, accepted: bool, refused: list[Diagnostic]) -> bool:
    """What the schema takes the reader takes; what it refuses the reader refuses, if only for what no schema can say:
    an empty description is too short for the one, and missing for the other."""
    return accepted if valid else bool(refused)


A_NAME_ALONE = Element(
    "import", 0, {"name": Attribute("a", 0, 0)}, [Element("volume", 0, {"name": Attribute("a", 0, 0)})]
)
"""It may stand for a volume of elsewhere, a schema has to say; the reader, that there is none."""
SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@SETTINGS
@given(mutated())
def test_the_xml_schema_and_the_reader_agree(document: Element) -> None:
    text = write(document, Format.XML)
    accepted, refused = judged(text, Format.XML, BEYOND_XSD)
    valid = xsd().validate(etree.fromstring(text.encode()))
    assert agree(valid, accepted, refused), (text, xsd().error_log.last_error, refused)


@SETTINGS
@given(mutated())
@example(A_NAME_ALONE)
def test_the_json_schema_and_the_reader_agree_on_json(document: Element) -> None:
    text = write(document, Format.JSON)
    accepted, refused = judged(text, Format.JSON, BEYOND)
    wrong = next(json_schema().iter_errors(orjson.loads(text)), None)
    assert agree(wrong is None, accepted, refused), (text, wrong, refused)


@SETTINGS
@given(mutated())
@example(A_NAME_ALONE)
def test_the_json_schema_and_the_reader_agree_on_yaml(document: Element) -> None:
    text = write(document, Format.YAML)
    accepted, refused = judged(text, Format.YAML, BEYOND)
    wrong = next(json_schema().iter_errors(yaml.safe_load(text)), None)
    assert agree(wrong is None, accepted, refused), (text, wrong, refused)


@settings(SETTINGS, max_examples=80)
@given(mutated(("manifest",)))
def test_the_schema_of_a_namespace_says_the_same(document: Element) -> None:
    for element in every(document):
        element.namespace = "http://www.compatibleone.fr/schemes/manifest.xsd"
    text = write(document, Format.XML)
    accepted, refused = judged(text, Format.XML, BEYOND_XSD)
    schema = published("manifest.xsd")
    valid = schema.validate(etree.fromstring(text.encode()))
    assert agree(valid, accepted, refused), (text, schema.error_log.last_error, refused)


VALUES = st.sampled_from(ODD) | st.text(CHARACTERS, max_size=8) | st.text("a1.'=();, \n", max_size=14)


@settings(deadline=None, max_examples=600)
@given(VALUES)
def test_the_pattern_of_expressions_is_the_grammar_of_the_language(text: str) -> None:
    _, troubles = statements(text)
    assert fits(Kind.EXPRESSION, text) == (not troubles and bool(text.strip()))


@cache
def of_kind(kind: Kind) -> jsonschema.Draft202012Validator:
    inner = {"$ref": f"#/$defs/text%20{kind.name.lower()}"}
    return jsonschema.Draft202012Validator({**orjson.loads(schema_json.schema()), "properties": {"x": inner}})


@cache
def texts() -> etree.XMLSchema:
    """The types of values alone, each as an element that holds one."""
    whole = etree.fromstring(schema_xsd.schema().encode())
    for kind in FORMS:
        probe = etree.SubElement(whole, "{http://www.w3.org/2001/XMLSchema}element", name=f"probe.{kind.name}")
        probe.set("type", f"text.{kind.name.lower()}")
    return etree.XMLSchema(whole)


@settings(deadline=None, max_examples=1500)
@given(st.sampled_from(sorted(FORMS)), VALUES)
def test_a_pattern_means_the_same_in_python_and_in_both_schemas(kind: Kind, text: str) -> None:
    assume(text and "${input." not in text)
    element = etree.Element(f"probe.{kind.name}")
    element.text = text
    assert of_kind(kind).is_valid({"x": text}) == fits(kind, text)
    assert texts().validate(element) == fits(kind, text)


@pytest.mark.parametrize("number", [0, 1, 2, 60, 65536, 10**7])
@pytest.mark.parametrize("kind", sorted(FORMS))
def test_a_whole_number_of_yaml_is_its_text(kind: Kind, number: int) -> None:
    assert of_kind(kind).is_valid({"x": number}) == fits(kind, str(number))


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_what_is_offered_has_the_form(kind: Kind) -> None:
    for text in (*FORMS[kind].words, *GOOD.get(kind, ())):
        assert fits(kind, text), text
        CONVERT[kind](text)


def test_each_rule_of_the_grammar_is_in_each_schema() -> None:
    definitions = orjson.loads(schema_json.schema())["$defs"]
    types = set(etree.fromstring(schema_xsd.schema().encode()).xpath("*[local-name()='complexType']/@name"))
    for name in GRAMMAR:
        assert f"element {name}" in definitions
        assert name in types


def test_the_published_schemas_are_what_the_grammar_says() -> None:
    assert not stale(), "run `make docs`"


def test_the_page_of_schemas_names_what_no_schema_can_say() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert [code for code in sorted(BEYOND) if f"`{code}`" not in page] == []
    assert [name for name in PUBLISHED if f"`{name}`" not in page] == []


def test_the_published_schemas_are_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(orjson.loads(path("cords.schema.json").read_bytes()))
    assert [published(name) for name in PUBLISHED if name.endswith(".xsd")]


@pytest.mark.parametrize(
    ("example", "name"),
    [("pacs.xml", "manifest.xsd"), ("cluster.xml", "manifest.xsd"), ("pacs-agreement.xml", "slam.xsd")],
)
def test_the_examples_are_valid_xml(example: str, name: str) -> None:
    published(name).assertValid(etree.parse(EXAMPLES / example))


@pytest.mark.parametrize("example", [each.name for each in EXAMPLES.glob("*.yaml")])
def test_the_examples_are_valid_yaml(example: str) -> None:
    json_schema().validate(yaml.safe_load((EXAMPLES / example).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "document",
    [
        '<manifest name="m"><node name="a"><image name="i"><system name="x"/></image></node>'
        '<node name="b"><image name="i">stray</image></node></manifest>',
        '<provider name="p"><quota name="q" offered="cordscript: a.b();"/></provider>',
        '<manifest name="cordscript: a.b();"/>',
    ],
    ids=["text in a reference", "a script for a number", "a script for a name"],
)
def test_what_the_reader_once_read_past_is_refused_by_both(document: str) -> None:
    assert read(document.encode()).document is None
    assert any(said.severity is Severity.ERROR for said in read(document.encode()).diagnostics)
    assert not xsd().validate(etree.fromstring(document))


NODE = '<manifest name="m"><node name="a">{}</node></manifest>'
GUARANTEE = '<guarantee name=":v1"><variable property="cpu" condition="ls" value="1"/></guarantee>'


@pytest.mark.parametrize(
    "text",
    [
        '<manifest name="m"><node name=":v1"/></manifest>',
        '<manifest name="m"><input name=":v1"/></manifest>',
        NODE.format('<image name=":v1"><system name="x"/></image>'),
        NODE.format('<image><system name="x"/><package name=":v1"/></image>'),
        NODE.format('<infrastructure><storage><volume name=":v1" size="1G"/></storage></infrastructure>'),
        NODE.format('<infrastructure><network name=":v1" label="x"/></infrastructure>'),
        f'<agreement name="m"><terms type="guarantees"><term>{GUARANTEE}</term></terms></agreement>',
    ],
    ids=["node", "input", "image", "package", "volume", "network", "guarantee"],
)
def test_a_name_that_begins_with_a_colon_is_one_for_all(text: str) -> None:
    assert read(text.encode()).document is not None, read(text.encode()).diagnostics
    assert xsd().validate(etree.fromstring(text)), xsd().error_log.last_error
    as_written = parse(text.encode()).tree
    assert as_written is not None
    json_schema().validate(orjson.loads(write(as_written, Format.JSON)))


@pytest.mark.parametrize("deployable", ["war", {"name": "war", "location": "here"}], ids=["attribute", "element"])
def test_an_attribute_is_not_the_required_element_of_its_name(deployable: object) -> None:
    version = {"name": "v", "label": "1", "paas_application_deployable": deployable}
    version["paas_application_version_instance"] = {
        "name": "i",
        "initial_state": "running",
        "memory": "1G",
        "disk": "1G",
    }
    inside = {"name": "a", "description": "d", "environment": "e", "paas_application_version": version}
    template = {"name": "t", "memory": "1G", "disk": "1G"}
    document = {
        "paas_application_manifest": {
            "name": "m",
            "paas_application": inside,
            "paas_environment": {"name": "e", "paas_environment_template": template},
        }
    }
    reading = read(orjson.dumps(document))
    assert (reading.document is not None) == (deployable != "war"), reading.diagnostics
    assert json_schema().is_valid(document) == (deployable != "war")
