"""POST /manifest/ of every kind of document: each element at the row of its kind, or nothing and everything wrong."""

from __future__ import annotations

import pytest

from broker.occi.model import CORDS
from broker.services import row_of
from manifests.grammar import ROOTS
from tests.documents.conftest import Poster

GOOD = {
    "manifest": '<manifest name="m"><node name="a"><image name="i"><system name="linux"/></image></node></manifest>',
    "agreement": '<agreement name="g"><terms name="t" type="services"><term name="x"><manifest name="m"/></term>'
    "</terms></agreement>",
    "import": '<import name="all"><account name="ward" legal="x"><user name="carol" role="admin"/></account>'
    '<metric name="beds" units="n" period="30" samples="1" expression="echo 3"/><price name="p" rate="0.04"/>'
    '<image name="i"><system name="linux"/></image><provider name="q"><quota name="cpu" offered="30"/></provider>'
    '<geolocation name="g" zone="europe" location="eu-west-1"/>'
    '<firewall name="f"><port name="http" protocol="tcp" from="80" to="80"/></firewall></import>',
    "provider": '<provider name="p" zone="europe"><quota name=":cpu" property="occi.compute.cores" offered="30">'
    '<price name=":price" rate="0.04" currency="euro" period="hour"/></quota></provider>',
    "federation": '<federation name="f" publisher="https://other"><saas name="s" vendor="v"/></federation>',
    "easiclouds_application": '<easiclouds_application name="e"><easiclouds_node name="n">'
    '<easiclouds_server name="s" image="i" flavor="small"/></easiclouds_node></easiclouds_application>',
    "paas_application_manifest": '<paas_application_manifest name="p"><paas_application name="a" description="d" '
    'environment="e"><paas_application_version label="1"><paas_application_deployable name="d" location="file"/>'
    "<paas_application_version_instance/></paas_application_version></paas_application></paas_application_manifest>",
}
"""The smallest of each that shows its elements."""


def path_of(kind: str, id: str) -> str:
    term = kind.removeprefix(CORDS)
    shared = term in ("compute", "network", "storage", "agreement", "application")
    return f"/cords/{term}/{id}" if shared else f"/{term}/{id}"


def test_there_is_one_of_each() -> None:
    assert set(GOOD) == set(ROOTS)


@pytest.mark.parametrize("root", ROOTS)
def test_every_element_is_an_entity_at_the_row_of_its_kind(ann: Poster, root: str) -> None:
    made = ann.stored(GOOD[root])
    assert made["kind"] == CORDS + root
    for each in made["elements"]:
        term = each["kind"].removeprefix(CORDS)
        found = ann.attributes(row_of(each["kind"]).name, path_of(each["kind"], each["id"]))
        assert all(name.startswith((f"occi.{term}.", "org.accords.")) for name in found), found


@pytest.mark.parametrize("root", ROOTS)
def test_a_document_that_comes_again_is_the_same_document(ann: Poster, root: str) -> None:
    first, second = ann.stored(GOOD[root]), ann.stored(GOOD[root])
    assert first == second


@pytest.mark.parametrize("root", ROOTS)
def test_a_document_may_come_as_json_or_yaml_as_well(ann: Poster, root: str) -> None:
    twin = ann.post(GOOD[root], accept="application/yaml").text
    assert ann.stored(twin, "application/yaml")["kind"] == CORDS + root
    location = ann.stored(GOOD[root])["location"]
    row = row_of(CORDS + root).name
    as_json = ann(row, "GET", f"{location}/document", accept="application/json")
    assert ann.stored(as_json.text, "application/json")["kind"] == CORDS + root


def test_numbers_are_numbers_in_their_entities(ann: Poster) -> None:
    made = ann.stored(GOOD["provider"])
    quota = next(each for each in made["elements"] if each["kind"] == CORDS + "quota")
    assert ann.attributes("service", f"/quota/{quota['id']}")["occi.quota.offered"] == 30


def test_a_rendering_in_json_is_no_document(ann: Poster) -> None:
    body = f'{{"kind": "{CORDS}manifest", "attributes": {{"occi.manifest.name": "plain"}}}}'
    answer = ann.post(body, "application/json")
    assert answer.status_code == 201
    assert answer.json()["attributes"]["occi.manifest.name"] == "plain"


def test_what_is_not_acted_on_is_said_in_one_warning_that_names_it(ann: Poster) -> None:
    said = [one for one in ann.stored(GOOD["import"])["diagnostics"] if one["code"] == "not-acted-on"]
    assert len(said) == 1
    assert "price" in said[0]["summary"]


def test_a_document_that_is_refused_leaves_nothing(ann: Poster) -> None:
    bad = GOOD["import"].replace('<price name="p"', '<prise name="p"')
    answer = ann.post(bad)
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["diagnostics"] if one["severity"] == "error"] == ["unknown-element"]
    for row, path in (
        ("account", "/account/"),
        ("image", "/image/"),
        ("agreement", "/metric/"),
        ("manifest", "/import/"),
    ):
        assert ann(row, "GET", path, accept="text/uri-list").text == ""


def test_another_account_sees_nothing_of_it(ann: Poster, bob: Poster) -> None:
    location = ann.stored(GOOD["import"])["location"]
    assert bob("manifest", "GET", f"{location}/document").status_code == 404
