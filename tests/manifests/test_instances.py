"""A document is a tree of OCCI instances: leaves first, each with its historic attributes."""

from __future__ import annotations

from collections.abc import Callable

from manifests import Manifest, elements, read


def test_a_manifest_is_its_elements_leaves_first(parsed: Callable[[str | bytes], Manifest]) -> None:
    document = parsed(
        '<manifest name="m"><node name="a">'
        '<infrastructure name="i"><compute name="c" memory="4GB" cores="2"/></infrastructure>'
        '<image name="w"><package name="p"/></image></node><account name="me"/>'
        "<configuration><action expression='a.kill(\"x\");'/><action expression='a.kill(\"y\");'/></configuration>"
        "</manifest>"
    )
    items = {item.path: item for item in elements(document)}
    assert list(items) == [
        "manifest/node:a/infrastructure/compute",
        "manifest/node:a/infrastructure",
        "manifest/node:a/image/package:p",
        "manifest/node:a/image",
        "manifest/node:a",
        "manifest/configuration/action:",
        "manifest/configuration/action:#2",
        "manifest/configuration",
        "manifest",
    ]
    compute = items["manifest/node:a/infrastructure/compute"]
    assert (compute.term, compute.name) == ("compute", "c")
    assert compute.attributes == {"name": "c", "cores": "2", "memory": "4G"}
    assert items["manifest"].attributes == {"name": "m", "nodes": 1, "account": "me"}
    assert items["manifest/node:a/image"].children == (("package", "manifest/node:a/image/package:p"),)
    assert items["manifest/node:a/image"].singles == ()
    assert items["manifest/node:a"].singles == (
        ("infrastructure", "manifest/node:a/infrastructure"),
        ("image", "manifest/node:a/image"),
    )


def test_every_child_is_an_item(example: Callable[[str], Manifest]) -> None:
    items = elements(example("pacs.xml"))
    paths = [item.path for item in items]
    assert len(set(paths)) == len(paths)
    children = [child for item in items for child in item.children]
    assert sorted(path for _, path in children) == sorted(path for path in paths if path != "manifest")
    terms = {path: term for term, path in children} | {"manifest": "manifest"}
    assert {item.path: item.term for item in items} == terms


def test_what_an_agreement_is_about_is_named_and_not_made() -> None:
    text = '<agreement name="g"><terms type="services"><term name="t"><manifest name="m"/></term></terms></agreement>'
    document = read(text.encode()).document
    assert document
    items = {item.term: item for item in elements(document)}
    assert set(items) == {"term", "terms", "agreement"}
    assert items["term"].attributes["manifest"] == "m"
