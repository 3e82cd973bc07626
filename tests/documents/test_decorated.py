"""The document that comes back: ids, defaults and counters in it, and what there is to say where it is about."""

from __future__ import annotations

import orjson
import pytest
import yaml
from lxml import etree

from manifests import Diagnostic, Severity, elements, read
from tests.documents.conftest import Poster

BROKEN = """<manifest name="m">
  <node name="a">
    <imge/>
    <infrastructure name="x">
      <compute name="c" cores="many"/>
    </infrastructure>
  </node>
  <node name="b" colour="red"/>
</manifest>"""
GOOD = (
    '<manifest name="m" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd"><node name="a">'
    '<infrastructure name="x"><compute name="c" cores="1"/><network name="lan"/><storage name="s" size="1G"/>'
    '</infrastructure><image name="i"><system name="linux"/></image></node><node name="b"><infrastructure name="x"/>'
    '<image name="i"/></node><configuration name="conf"><action name="do" expression="a.configure(b.hostname);"/>'
    "</configuration></manifest>"
)


def test_every_element_has_the_id_of_its_entity(ann: Poster) -> None:
    made = ann.stored(GOOD)
    root = etree.fromstring(made["document"].encode())
    ids = {each["id"] for each in made["elements"]}
    found = [each.get("id").removeprefix("urn:uuid:") for each in root.iter()]
    assert set(found) <= ids
    assert len(set(found)) == len(found)
    assert root.get("id") == f"urn:uuid:{made['id']}"


def test_defaults_and_counters_are_filled_in(ann: Poster) -> None:
    root = etree.fromstring(ann.post(GOOD, accept="application/xml").content)
    node = root[0]
    assert root.get("nodes") == "2"
    assert (node.get("type"), node.get("scope"), node.get("provider")) == ("simple", "normal", "any")


def test_an_element_that_refers_to_another_stays_empty(ann: Poster) -> None:
    root = etree.fromstring(ann.post(GOOD, accept="application/xml").content)
    assert set(root[1][0].attrib) == {"name", "id"}


@pytest.mark.parametrize("accept", ["application/xml", "application/yaml", "application/json"])
def test_the_decorated_document_is_the_same_document(ann: Poster, accept: str) -> None:
    location = ann.stored(GOOD)["location"]
    again = read(ann("manifest", "GET", f"{location}/document", accept=accept).content)
    assert again.document is not None
    plain = read(GOOD.encode()).document
    assert plain is not None
    assert elements(again.document) == elements(plain)


def test_it_comes_in_the_form_that_is_asked_for_then_and_later(ann: Poster) -> None:
    first = ann.post(GOOD, accept="application/xml")
    assert first.headers["content-type"] == "application/xml"
    place = first.headers["location"] + "/document"
    assert ann("manifest", "GET", place, accept="application/xml").text == first.text
    as_yaml = yaml.safe_load(ann("manifest", "GET", place, accept="application/yaml").text)
    as_json = orjson.loads(ann("manifest", "GET", place, accept="application/json").content)
    assert as_json["manifest"]["id"] == as_yaml["manifest"]["id"]
    assert ann("manifest", "GET", place, accept="text/plain").text == first.text


def test_a_refused_document_has_its_errors_in_it(ann: Poster) -> None:
    answer = ann.post(BROKEN, accept="application/xml")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/xml")
    root = etree.fromstring(answer.content)
    said = {error.getparent().tag: error for error in root.iter("error")}
    assert said["imge"].get("number") == "798"
    assert said["compute"].get("code") == "bad-value"
    assert said["compute"].get("line") == "5"
    assert (said["node"].get("number"), said["node"].getparent().get("name")) == ("799", "b")
    assert all(error.getprevious() is None for error in root.iter("error"))
    assert not [each for each in root.iter() if each.get("id")]


def test_the_same_as_yaml_and_as_a_list(ann: Poster) -> None:
    answer = ann.post(BROKEN, accept="application/yaml")
    assert answer.status_code == 422
    node = yaml.safe_load(answer.text)["manifest"]["node"][0]
    assert node["imge"]["error"]["code"] == "unknown-element"
    listed = ann.post(BROKEN, accept="application/json").json()["diagnostics"]
    assert [one["code"] for one in listed if one["severity"] == "error"] == [
        "unknown-element",
        "bad-value",
        "unknown-attribute",
    ]


def test_a_choice_is_told_by_the_historic_element(ann: Poster) -> None:
    for package in ("x", "y"):
        ann.stored(f'<import name="{package}"><image name="i"><package name="{package}"/></image></import>')
    answer = ann.post('<manifest name="m"><node name="a"><image name="i"/></node></manifest>', accept="application/xml")
    root = etree.fromstring(answer.content)
    choice = root.find("node/image/choice")
    assert choice is not None
    assert choice.get("number") == "737"


def test_what_was_refused_can_be_mended_and_posted_with_the_errors_still_in_it(ann: Poster) -> None:
    told = ann.post(BROKEN, accept="application/xml").text
    mended = told.replace('cores="many"', 'cores="1"').replace(' colour="red"', "")
    root = etree.fromstring(mended.encode())
    for wrong in root.findall("node/imge"):
        wrong.getparent().remove(wrong)
    assert ann.post(etree.tostring(root).decode()).status_code == 201


def test_what_is_about_the_whole_document_is_told_at_its_root() -> None:
    from broker.hooks.decorate import decorated
    from manifests import Source

    tree = read(GOOD.encode()).tree
    assert tree is not None
    found = decorated(tree, Source(GOOD), [Diagnostic(Severity.WARNING, "x", 0, 0, "all of it")])
    assert found.children[0].name == "warning"
    assert tree.children[0].name == "node"  # the tree itself is as it was


def test_a_text_that_is_no_document_is_told_as_a_problem_whatever_was_asked_for(ann: Poster) -> None:
    answer = ann.post("<manifest name='m'><node", accept="application/xml")
    assert answer.status_code == 422
    assert "1:25: error: the document ends inside a tag" in answer.text


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_what_is_wrong_with_a_document_is_a_problem_with_a_list(ann: Poster, accept: str) -> None:
    answer = ann.post(BROKEN, accept=accept)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"title", "hint", "code", "diagnostics"} <= set(answer.json())


def test_what_would_be_repaired_is_refused_when_that_is_asked_for(ann: Poster) -> None:
    bare = "<manifest name=m/>"
    refused = ann("manifest", "POST", "/manifest/?strict=yes", body=bare, media="application/xml")
    assert refused.status_code == 422
    assert [one["severity"] for one in refused.json()["diagnostics"]] == ["error"]
    assert ann("manifest", "POST", "/manifest/", body=bare, media="application/xml").status_code == 201
