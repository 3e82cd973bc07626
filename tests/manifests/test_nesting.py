"""A node whose type is the name of another manifest is that manifest, to any depth, and never itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from manifests import Defined, Library, Manifest, Reading, read
from manifests.reading.nesting import DEEPEST


def kept(**manifests: object) -> Library:
    """A library of manifests by name, each given as what stands inside it."""

    def look(term: str, name: str) -> tuple[Defined, ...]:
        if term != "manifest" or name not in manifests:
            return ()
        inside = manifests[name]
        assert isinstance(inside, Mapping)
        return (Defined(json.dumps({"manifest": {"name": name, **inside}}), f"manifest {name} of account me"),)

    return look


def nodes(*types: str) -> dict[str, object]:
    return {"node": [{"name": f"n{i}", "type": of} for i, of in enumerate(types)]}


def body(*types: str, name: str = "outer", rest: str = "") -> bytes:
    inside = "".join(f'<node name="n{i}" type="{of}"/>' for i, of in enumerate(types))
    return f'<manifest name="{name}">{inside}{rest}</manifest>'.encode()


def manifest(reading: Reading) -> Manifest:
    assert isinstance(reading.document, Manifest), [str(d) for d in reading.diagnostics]
    return reading.document


def test_a_complex_node_holds_its_manifest_to_any_depth() -> None:
    library = kept(middle=nodes("inner", "simple"), inner=nodes("simple"))
    outer = manifest(read(body("middle", "simple"), library=library))
    middle = outer.nodes[0].nested
    assert middle is not None and middle.nodes[0].nested is not None
    assert (middle.name, middle.nodes[0].nested.name, outer.nodes[1].nested) == ("middle", "inner", None)


def test_a_manifest_that_holds_itself_is_refused_with_the_path() -> None:
    (said,) = read(body("b"), library=kept(b=nodes("c"), c=nodes("b"))).diagnostics
    assert said.code == "nested-cycle"
    assert "b -> c -> b" in said.summary


def test_a_new_version_of_a_manifest_cannot_hold_itself_through_a_former_one() -> None:
    (said,) = read(body("b"), library=kept(b=nodes("outer"), outer=nodes("simple"))).diagnostics
    assert said.code == "nested-cycle"
    assert "outer -> b -> outer" in said.summary


def test_manifests_are_read_to_a_depth_and_no_deeper() -> None:
    library = kept(**{f"m{i}": nodes(f"m{i + 1}") for i in range(DEEPEST + 5)})
    assert [said.code for said in read(body("m0"), library=library).diagnostics] == ["nested-depth"]


def test_a_manifest_that_many_are_made_of_is_read_once() -> None:
    """Sixteen levels of two nodes each would otherwise be 65,536 readings."""
    asked: list[str] = []
    shelf = kept(**{f"m{i}": nodes(f"m{i + 1}", f"m{i + 1}") for i in range(14)}, m14=nodes("simple"))

    def library(term: str, name: str) -> tuple[Defined, ...]:
        asked.append(name)
        return shelf(term, name)

    manifest(read(body("m0", "m0"), library=library))
    assert len(asked) == len(set(asked))


def test_what_is_wrong_inside_is_told_once_at_the_outer_node() -> None:
    library = kept(broken={"nmae": "x", "colour": "red"})
    (said,) = read(body("broken"), library=library).diagnostics
    assert (said.code, said.line) == ("nested-errors", 1)
    assert "n0" in said.summary and "broken" in said.summary and "and 1 more" in said.summary


def test_warnings_inside_are_a_warning_outside() -> None:
    reading = read(body("old"), library=kept(old={"node": {"name": "a", "image": {"name": "i"}}}))
    assert [said.code for said in reading.diagnostics] == ["nested-warnings"]
    assert manifest(reading).nodes[0].nested is not None


@pytest.mark.parametrize(("library", "code"), [(kept(), "nested-nowhere"), (None, "nested-unread")])
def test_an_application_that_nobody_has_sent_is_said(library: Library | None, code: str) -> None:
    text = b'<manifest name="m"><node name="a" type="store" category="paas_application_manifest"/></manifest>'
    (said,) = (read(text, library=library) if library else read(text)).diagnostics
    assert said.code == code
    assert "paas_application_manifest store" in said.summary


@pytest.mark.parametrize(("library", "code"), [(kept(), "nested-nowhere"), (None, "nested-unread")])
def test_a_manifest_that_is_nowhere_refuses_only_where_somebody_would_know_it(
    library: Library | None, code: str
) -> None:
    reading = read(body("b"), library=library) if library else read(body("b"))
    assert [said.code for said in reading.diagnostics] == [code]
    assert (reading.document is None) is (library is not None)


def test_paths_into_a_nested_manifest_are_checked() -> None:
    rest = '<configuration><action expression="n1.configure(n0.n0.hostname, n0.nx.hostname);"/></configuration>'
    (said,) = read(body("b", "simple", rest=rest), library=kept(b=nodes("simple"))).diagnostics
    assert said.code == "action-path"
    assert "'nx'" in said.summary


def test_a_node_of_a_category_that_no_document_is_of_is_not_looked_for() -> None:
    text = b'<manifest name="m"><node name="a" type="app" category="spaceship"/></manifest>'
    assert not read(text, library=kept()).diagnostics
