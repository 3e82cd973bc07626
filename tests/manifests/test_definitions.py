"""What a document defines for others: what needs a definition, and from imports what would do without one."""

from __future__ import annotations

from manifests import Manifest, Node, Reading, parse, read, together

OTHER = """<manifest name="other"><node name="n" access="public">
<infrastructure name="big"><compute cores="9"/></infrastructure>
<image name="i"><system name="linux"/><package name="tool" installation="make"/></image></node>
<configuration name="c"><action name="a" expression="n.system('x');"/></configuration></manifest>"""
IMPORT = '<import><package name="tool" installation="make"/><compute name="small" cores="2"/></import>'


def beside(text: str, *others: str) -> Reading:
    trees = [(str(index), tree) for index, other in enumerate(others) if (tree := parse(other.encode()).tree)]
    return read(text.encode(), library=together(trees))


def first(reading: Reading) -> Node:
    assert isinstance(reading.document, Manifest), reading.diagnostics
    return reading.document.nodes[0]


def test_an_infrastructure_of_another_document_is_meant_by_its_name() -> None:
    node = first(beside('<manifest name="m"><node name="a"><infrastructure name="big"/></node></manifest>', OTHER))
    assert node.infrastructure and node.infrastructure.compute and node.infrastructure.compute.cores == 9


def test_a_package_that_says_enough_is_not_changed_by_another_manifest() -> None:
    text = (
        '<manifest name="m"><node name="a"><image name="mine"><system name="linux"/><package name="tool"/></image>'
        '</node><configuration name="c"/></manifest>'
    )
    reading = beside(text, OTHER)
    image = first(reading).image
    assert image and image.packages[0].installation == ""
    assert isinstance(reading.document, Manifest) and reading.document.configuration
    assert reading.document.configuration.actions == ()
    assert reading.diagnostics == ()


def test_an_import_is_there_to_be_meant() -> None:
    text = '<manifest name="m"><node name="a"><image name="i"><package name="tool"/></image></node></manifest>'
    image = first(beside(text, IMPORT)).image
    assert image and image.packages[0].installation == "make"


def test_a_node_without_content_says_whose_it_is() -> None:
    reading = beside('<manifest name="m"><node name="n"/></manifest>', OTHER)
    assert first(reading).access == "public"
    assert [d.code for d in reading.diagnostics] == ["reference-elsewhere"]
    assert beside('<manifest name="m"><node name="other"/></manifest>', OTHER).diagnostics == ()


def test_what_is_defined_is_closed() -> None:
    inner = (
        '<manifest name="m"><node name="a"><image name="i"/></node><node name="b"><image name="i"><system name="s"/>'
    )
    reading = beside('<manifest name="x"><node name="a"/></manifest>', inner + "</image></node></manifest>")
    image = first(reading).image
    assert image and image.system and image.system.name == "s"
