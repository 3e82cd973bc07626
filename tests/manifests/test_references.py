"""An empty named element is the one of that name in the document, or else in the library: never a silent overwrite."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from manifests import Defined, Library, Manifest, Reading, elements, read

Shelf = Mapping[tuple[str, str], tuple[tuple[str, str], ...]]


def kept(shelf: Shelf) -> Library:
    """A library of (term, name) -> (text, where), newest first."""
    return lambda term, name: tuple(Defined(text, where) for text, where in shelf.get((term, name), ()))


def body(*nodes: str) -> bytes:
    inside = "".join(f'<node name="n{i}">{content}</node>' for i, content in enumerate(nodes))
    return f'<manifest name="m">{inside}</manifest>'.encode()


def manifest(reading: Reading) -> Manifest:
    assert isinstance(reading.document, Manifest), [str(d) for d in reading.diagnostics]
    return reading.document


SMALL = '{"image": {"name": "i", "system": {"name": "debian"}, "package": [{"name": "nginx"}]}}'
BARE = '{"image": {"name": "i", "agent": "none"}}'


def test_an_empty_named_element_is_the_one_of_the_document_before_any_of_the_library() -> None:
    text = body('<image name="i"><system name="mine"/></image>', '<image name="i"/>')
    document = manifest(read(text, library=kept({("image", "i"): ((SMALL, "manifest x of account me"),)})))
    assert document.nodes[1].image == document.nodes[0].image


def test_what_the_document_does_not_have_is_taken_from_the_library_whole() -> None:
    reading = read(body('<image name="i"/>'), library=kept({("image", "i"): ((SMALL, "manifest x of account me"),)}))
    image = manifest(reading).nodes[0].image
    assert image is not None and image.system is not None
    assert (image.system.name, [package.name for package in image.packages]) == ("debian", ["nginx"])
    assert not reading.diagnostics
    assert "manifest/node:n0/image/package:nginx" in {item.path for item in elements(manifest(reading))}


def test_a_name_inside_a_definition_of_the_library_is_looked_for_as_well() -> None:
    shelf = {
        ("infrastructure", "f"): (('{"infrastructure": {"name": "f", "compute": {"name": "c"}}}', "x"),),
        ("compute", "c"): (('{"compute": {"name": "c", "cores": 2}}', "x"),),
    }
    found = manifest(read(body('<infrastructure name="f"/>'), library=kept(shelf))).nodes[0].infrastructure
    assert found is not None and found.compute is not None
    assert found.compute.cores == 2


def test_of_several_in_the_library_the_newest_is_taken_and_the_others_are_named() -> None:
    shelf = {("image", "i"): ((BARE, "manifest new of account me"), (SMALL, "manifest old of account me"))}
    reading = read(body('<image name="i"/>'), library=kept(shelf))
    image = manifest(reading).nodes[0].image
    assert image is not None and image.agent == "none"
    (said,) = reading.diagnostics
    assert (said.code, said.line) == ("reference-choice", 1)
    assert "manifest new of account me" in said.summary and "manifest old of account me" in said.summary


def test_equal_definitions_in_the_library_are_no_choice() -> None:
    shelf = {("image", "i"): ((SMALL, "one"), (SMALL, "two"))}
    assert not read(body('<image name="i"/>'), library=kept(shelf)).diagnostics


def test_two_definitions_of_what_is_referred_to_are_shown_with_their_lines_and_what_differs() -> None:
    text = (
        '<manifest name="m">\n<node name="a"><image name="i"><system name="x"/></image></node>\n'
        '<node name="b"><image name="i"><system name="y"/></image></node>\n<node name="c"><image name="i"/></node>\n'
        "</manifest>"
    )
    (said,) = read(text.encode()).diagnostics
    assert (said.code, said.line) == ("two-definitions", 4)
    assert "in <system> name 'x', the other 'y'" in said.summary
    assert "lines 2 and 3" in said.hint


def test_two_of_one_name_that_nobody_refers_to_are_each_their_own_and_told() -> None:
    different = (f'<image name="i" agent="{agent}"/>' for agent in ("none", "cosacs"))
    reading = read(body(*different))
    (said,) = reading.diagnostics
    assert said.code == "same-name"
    assert [node.image.agent for node in manifest(reading).nodes if node.image] == ["none", "cosacs"]


def test_networks_that_share_a_name_have_ports_of_their_own() -> None:
    ports = (
        f'<infrastructure><network name="lan"><port name="p" from="{n}" to="{n}"/></network></infrastructure>'
        for n in (80, 443)
    )
    assert not read(body(*ports)).diagnostics


def test_an_import_defines_a_name_once() -> None:
    metrics = "".join(f'\n<metric name="m" period="{n}"/>' for n in (1, 2))
    said = read(f'<import name="x">{metrics}</import>'.encode()).diagnostics[0]
    assert (said.code, said.line) == ("two-definitions", 3)
    assert "line 2" in said.summary


def test_equal_definitions_of_one_name_in_a_document_are_one() -> None:
    same = '<image name="i"><system name="x"/></image>'
    assert not read(body(same, same, '<image name="i"/>')).diagnostics


def test_what_is_nowhere_is_told_with_the_nearest_name_and_read_as_it_is() -> None:
    reading = read(body('<image name="debian"><system name="x"/></image>', '<image name="debain"/>'))
    (said,) = reading.diagnostics
    assert (said.code, said.hint) == ("reference-nowhere", "did you mean 'debian'?")
    assert manifest(reading).nodes[1].image is not None


@pytest.mark.parametrize(
    "alone",
    ['<infrastructure><network name="lan"/></infrastructure>', '<image><system name="s"/><package name="p"/></image>'],
)
def test_a_name_that_says_enough_by_itself_needs_no_definition(alone: str) -> None:
    assert not read(body(alone)).diagnostics


def test_an_empty_node_is_the_kept_one_of_that_name_or_else_a_simple_node() -> None:
    shelf = {("node", "n0"): (('{"node": {"name": "n0", "image": {"system": {"name": "debian"}}}}', "x"),)}
    assert manifest(read(body(""), library=kept(shelf))).nodes[0].image is not None
    reading = read(body(""))
    assert (manifest(reading).nodes[0].type, reading.diagnostics) == ("simple", ())


def test_two_empty_nodes_of_one_name_are_told_though_they_are_one_in_the_library() -> None:
    shelf = {("node", "a"): (('{"node": {"name": "a", "zone": "z"}}', "x"),)}
    text = b'<manifest name="m"><node name="a"/><node name="a"/></manifest>'
    assert "duplicate" in {said.code for said in read(text, library=kept(shelf)).diagnostics}


def test_what_is_wrong_in_a_definition_of_the_library_is_told_where_it_is_referred_to() -> None:
    shelf = {("image", "i"): (('{"image": {"name": "i", "colour": "red"}}', "x"),)}
    (said,) = read(body("", '\n<image name="i"/>'), library=kept(shelf)).diagnostics
    assert (said.code, said.line) == ("unknown-attribute", 2)


@pytest.mark.parametrize("text", ["", "{", '{"system": {"name": "i"}}', "[1]"])
def test_a_definition_that_cannot_be_read_is_none(text: str) -> None:
    reading = read(body('<image name="i"/>'), library=kept({("image", "i"): ((text, "x"),)}))
    assert [said.code for said in reading.diagnostics] == ["reference-nowhere"]


def test_a_name_that_begins_with_a_colon_is_inside_the_outermost_name(parsed: Callable[[str], Manifest]) -> None:
    document = parsed('<manifest name="m"><node name=":a"><image name=":i"/></node></manifest>')
    image = document.nodes[0].image
    assert (document.nodes[0].name, image.name if image else "") == ("m:a", "m:i")
