"""Names across documents: each document means what it meant when it was posted, whoever redefines a name later."""

from __future__ import annotations

from pathlib import Path

from broker import auth
from tests.documents.conftest import Poster
from tests.operations.house import House

BASE = (
    '<infrastructure name="x"><compute name="c" cores="1" memory="1G"/><network name="lan"/>'
    '<storage name="s" size="1G"/></infrastructure>'
)


def image(package: str) -> str:
    return f'<image name="i"><system name="linux"/><package name="{package}"/></image>'


def manifest(name: str, inner: str) -> str:
    return f'<manifest name="{name}"><node name="n">{BASE}{inner}</node></manifest>'


def codes(made: dict[str, object]) -> list[str]:
    said = made["diagnostics"]
    assert isinstance(said, list)
    return [one["code"] for one in said]


def test_two_documents_may_define_a_name_differently_and_each_has_its_own(ann: Poster) -> None:
    first = ann.stored(manifest("one", image("nginx")))["location"]
    second = ann.stored(manifest("two", image("apache2")))["location"]
    assert "nginx" in ann.planned(first)
    assert "apache2" not in ann.planned(first)
    assert "apache2" in ann.planned(second)


def test_who_refers_to_a_name_gets_the_newest_and_is_told_of_the_others(ann: Poster) -> None:
    ann.stored(manifest("one", image("nginx")))
    ann.stored(manifest("two", image("apache2")))
    made = ann.stored(manifest("three", '<image name="i"/>'))
    assert "reference-choice" in codes(made)
    said = next(one for one in made["diagnostics"] if one["code"] == "reference-choice")
    assert f"manifest two of account {ann.account}" in said["summary"]
    assert f"manifest one of account {ann.account}" in said["summary"]
    assert "apache2" in ann.planned(made["location"])


def test_a_later_definition_changes_no_earlier_document(ann: Poster) -> None:
    ann.stored(manifest("one", image("nginx")))
    referring = ann.stored(manifest("three", '<image name="i"/>'))["location"]
    before = ann.planned(referring)
    ann.stored(manifest("one", image("apache2")))
    ann.stored(manifest("two", image("lighttpd")))
    assert ann.planned(referring) == before
    assert "nginx" in before


def test_posting_it_again_later_changes_nothing_either(ann: Poster) -> None:
    ann.stored(manifest("one", image("nginx")))
    text = manifest("three", '<image name="i"/>')
    first = ann.stored(text)
    before = ann.planned(first["location"])
    ann.stored(manifest("two", image("apache2")))
    assert ann.stored(text) == first
    assert ann.planned(first["location"]) == before


def test_a_choice_of_equal_definitions_is_none(ann: Poster) -> None:
    ann.stored(manifest("one", image("nginx")))
    ann.stored(manifest("two", image("nginx")))
    assert "reference-choice" not in codes(ann.stored(manifest("three", '<image name="i"/>')))


def test_what_a_definition_refers_to_in_its_own_document_comes_along(ann: Poster) -> None:
    ann.stored(
        '<manifest name="one"><node name="a"><image name="base"><system name="linux"/></image></node>'
        '<node name="b"><image name="i"><system name="plain"/><package name="nginx"/></image></node>'
        f'<node name="c">{BASE}</node></manifest>'
    )
    made = ann.stored(
        '<manifest name="three"><node name="n"><infrastructure name="x"/><image name="i"/></node></manifest>'
    )
    items = {each["path"] for each in made["elements"]}
    assert "manifest/node:n/infrastructure/compute" in items
    assert "manifest/node:n/image/package:nginx" in items


def test_another_account_s_definitions_are_not_looked_at(ann: Poster, bob: Poster) -> None:
    bob.stored(manifest("one", image("nginx")))
    assert "reference-nowhere" in codes(ann.stored(manifest("three", '<image name="i"/>')))


def test_the_platform_s_definitions_come_after_the_account_s(tmp_path: Path) -> None:
    """In a house of its own: everybody sees what the platform has."""
    own = House(tmp_path)
    ann, platform = Poster(own, "ann"), Poster(own, "platform", auth.Role.SERVER)
    platform.stored(manifest("one", image("nginx")))
    referring = ann.stored(manifest("three", '<image name="i"/>'))["location"]
    assert "nginx" in ann.planned(referring)
    ann.stored(manifest("own", image("apache2")))
    platform.stored(manifest("two", image("lighttpd")))
    assert "apache2" in ann.planned(ann.stored(manifest("four", '<image name="i"/>'))["location"])
    own.close()


def test_an_imported_image_is_one_that_manifests_may_refer_to(ann: Poster) -> None:
    ann.stored(f'<import name="images">{image("nginx")}</import>')
    assert "nginx" in ann.planned(ann.stored(manifest("m", '<image name="i"/>'))["location"])


def test_an_imported_metric_is_one_that_is_measured(ann: Poster) -> None:
    text = (
        f'<manifest name="m"><node name="n">{BASE}{image("nginx")}</node>'
        '<configuration name="c"><action name="a" expression="n.monitor(slam.beds);"/></configuration></manifest>'
    )
    assert "nobody measures 'beds'" in ann.post(text).text
    ann.stored(
        '<import name="all"><metric name="beds" units="n" period="30" samples="1" expression="echo 3"/></import>'
    )
    ann.stored(text)


def test_two_definitions_in_one_document_are_an_error_that_shows_both(ann: Poster) -> None:
    node = '<node name="{}"><image name="i"><system name="{}"/></image></node>'
    text = f'<manifest name="m">\n{node.format("a", "x")}\n{node.format("b", "y")}\n<node name="c">'
    text += '<image name="i"/></node></manifest>'
    answer = ann.post(text)
    assert answer.status_code == 422
    said = {one["code"]: one["summary"] for one in answer.json()["diagnostics"]}
    assert "line 2" in said["two-definitions"]


def test_a_complex_node_is_the_manifest_of_that_name(ann: Poster) -> None:
    refused = ann.post('<manifest name="outer"><node name="a" type="inner"/></manifest>')
    assert refused.status_code == 422
    said = refused.json()["diagnostics"][0]
    assert said["code"] == "nested-nowhere"
    assert "inner" in said["hint"]
    ann.stored(manifest("inner", image("nginx")))
    assert "nginx" in ann.planned(
        ann.stored('<manifest name="outer"><node name="a" type="inner"/></manifest>')["location"]
    )


def test_an_inner_manifest_that_changes_later_leaves_the_outer_one_as_it_was(ann: Poster) -> None:
    ann.stored(manifest("other", image("nginx")))
    ann.stored(manifest("inner", '<image name="i"/>'))
    outer = ann.stored('<manifest name="outer"><node name="a" type="inner"/></manifest>')["location"]
    before = ann.planned(outer)
    assert "nginx" in before
    ann.stored(manifest("other", image("apache2")))
    ann.stored(manifest("inner", image("lighttpd")))
    assert ann.planned(outer) == before


def test_an_inner_manifest_means_what_it_meant_when_it_was_posted(ann: Poster) -> None:
    ann.stored(manifest("other", image("nginx")))
    ann.stored(manifest("inner", '<image name="i"/>'))
    ann.stored(manifest("other", image("apache2")))
    outer = ann.stored('<manifest name="outer"><node name="a" type="inner"/></manifest>')["location"]
    assert "nginx" in ann.planned(outer)


def test_a_document_that_is_removed_defines_nothing_any_more(ann: Poster) -> None:
    location = ann.stored(manifest("one", image("nginx")))["location"]
    referring = ann.stored(manifest("three", '<image name="i"/>'))["location"]
    assert ann("manifest", "DELETE", location).status_code == 200
    assert "reference-nowhere" in codes(ann.stored(manifest("four", '<image name="i"/>')))
    assert "nginx" in ann.planned(referring)


def test_an_agreement_means_what_it_meant_and_takes_its_definitions_with_it(ann: Poster) -> None:
    """Its entity is at another row than what it was read with."""
    ann.stored(
        '<import name="all"><metric name="beds" units="n" period="30" samples="1" expression="echo 3"/></import>'
    )
    made = ann.stored(agreement("first", '<metric name="beds"/>'))
    own = ann.stored(agreement("second", '<metric name="rooms" period="20" samples="1" expression="echo 4"/>'))
    shown = ann("agreement", "GET", made["location"] + "/document", accept="application/xml").text
    assert "reference-nowhere" not in shown
    assert ann("agreement", "DELETE", own["location"]).status_code in (200, 204)
    assert ann("manifest", "GET", f"/definitions/uses/{own['id']}").status_code == 404
    assert ann("manifest", "GET", "/definitions/metric/rooms").json()["definitions"] == []
    assert ann("manifest", "GET", f"/definitions/uses/{made['id']}").json()["uses"][0]["name"] == "beds"


def test_what_a_document_was_read_with_is_not_taken_from_it_by_hand(ann: Poster, bob: Poster) -> None:
    made = ann.stored(agreement("first", '<metric name="rooms" period="20" samples="1" expression="echo 4"/>'))
    path = f"/definitions/uses/{made['id']}"
    assert [each("manifest", "DELETE", path).status_code for each in (ann, bob)] == [403, 404]
    assert bob("manifest", "GET", path).status_code == 404


def agreement(name: str, metric: str) -> str:
    return (
        f'<agreement name="{name}"><terms name="g" type="guarantees"><term name="t"><guarantee name="one" scope="any">'
        f'<variable name="v" property="beds" condition="less" value="9">{metric}</variable>'
        '<business name="b" nature="penalty"/></guarantee></term></terms></agreement>'
    )
