"""The kinds that are shipped: all of the architecture's, each at its place, and how a wrong entry is told."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from broker.occi import kinds
from broker.occi.kinds.spec import FileSpec
from broker.occi.model import CORDS, CORE, ENTITY, INFRASTRUCTURE, LINK, RESOURCE, Type

# As the architecture has them under "every kind has one".
ROWS = {
    "publisher": "publication operator agency enquiry saas federation",
    "manifest": "manifest plan import input output "
    "paas_application_manifest paas_application paas_application_deployable paas_application_version "
    "paas_application_version_instance paas_environment paas_environment_configuration paas_environment_link "
    "paas_environment_node paas_environment_relation paas_environment_template paas_environment_variable "
    "easiclouds_application easiclouds_connection easiclouds_description easiclouds_extra easiclouds_input "
    "easiclouds_instance easiclouds_keypair easiclouds_link easiclouds_metadata easiclouds_model easiclouds_node "
    "easiclouds_output easiclouds_parameters easiclouds_postconf easiclouds_server",
    "node": "node",
    "infrastructure": "infrastructure compute network endpoint port storage volume firewall",
    "image": "image system package vm",
    "configuration": "configuration release interface action",
    "agreement": "agreement terms term variable guarantee business control penalty metric session connection "
    "monitor probe packet alert",
    "account": "account user security authorization price",
    "service": "service contract instruction instance placement provider event quota geolocation "
    "openstack_configuration occi_openstack_configuration opennebula_configuration windowsazure_configuration "
    "deltacloud_configuration computenext_configuration oa_config dummy_config paas_configuration paasconfig paconfig "
    "ec2config eziconfig os_config",
}
OGF_SHARES = {"compute", "network", "storage", "agreement", "application"}


def test_every_row_has_its_files() -> None:
    assert kinds.names() == tuple(sorted((*ROWS, "cloud")))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_exactly_its_kinds(row: str) -> None:
    found = [name for name in kinds.registry(row).kinds if name.startswith(CORDS)]
    assert sorted(found) == sorted(CORDS + term for term in ROWS[row].split())


@pytest.mark.parametrize("row", ROWS)
def test_a_cords_kind_lives_at_its_term_unless_ogf_has_the_term(row: str) -> None:
    for name, kind in kinds.registry(row).kinds.items():
        if name.startswith(CORDS):
            shared = kind.term in OGF_SHARES
            assert kind.location == (f"/cords/{kind.term}/" if shared else f"/{kind.term}/")


def test_all_rows_fit_in_one_registry() -> None:
    every = kinds.registry(*kinds.names())
    assert every.locations["/compute/"] == every.kind(f"{INFRASTRUCTURE}compute")
    assert every.locations["/cords/compute/"] == every.kind(f"{CORDS}compute")


@pytest.mark.occi("CORE-04")
@pytest.mark.parametrize("row", [*ROWS, "cloud"])
def test_core_04_attributes_are_occis_or_below_our_own_prefix(row: str) -> None:
    for kind in kinds.registry(row).kinds.values():
        own = f"occi.{kind.term}." if kind.scheme != "http://schemas.ogf.org/occi/core#" else "occi.core."
        own = "occi.app." if kind.term == "application" else own
        for attribute in kind.attributes:
            assert attribute.name.startswith((own, "org.accords."))
            assert not attribute.name.startswith("org.accords.") or not attribute.mutable or attribute.once


@pytest.mark.parametrize("row", [*ROWS, "cloud"])
def test_a_default_is_a_value_of_its_attribute(row: str) -> None:
    from broker.occi.values import convert

    for category in kinds.categories(row):
        for each in category.attributes:
            assert each.default is None or convert(each, each.default) == each.default


def test_gfd_224_required_and_immutable_attributes_are_as_in_its_tables() -> None:
    registry = kinds.registry("cloud")
    said = {
        each.name: ("I" if not each.mutable else "") + ("R" if each.required else "")
        for term in ("compute", "network", "storage", "networkinterface", "storagelink")
        for each in registry.kind(INFRASTRUCTURE + term).attributes
        if each.name.startswith("occi.")
    }
    marked = {name: marks for name, marks in said.items() if marks and not re.search(r"\.state(\.message)?$", name)}
    assert marked == {"occi.storage.size": "R", "occi.networkinterface.interface": "I"}
    assert len(said) == 7 + 4 + 3 + 4 + 4


@pytest.mark.occi("INF-06")
def test_inf_06_pocci_can_fill_in_every_required_attribute() -> None:
    known = {"occi.core.id", "occi.core.title", "occi.storage.size", "occi.storagelink.deviceid"}
    standard = {"compute", "network", "storage", "networkinterface", "storagelink"}  # what it knows of
    for kind in kinds.registry("cloud").kinds.values():
        if kind.scheme == INFRASTRUCTURE and kind.term in standard:
            assert {each.name for each in kind.attributes if each.required} <= known


@pytest.mark.occi("CORE-15")
@pytest.mark.parametrize("row", kinds.names())
def test_every_kind_but_the_cores_descends_from_resource_or_link(row: str) -> None:
    lineages = kinds.registry(row).lineages
    for kind in (each for each in lineages.values() if each[0].scheme != CORE):
        assert kind[-2].id in (RESOURCE, LINK)
        assert kind[-1].id == ENTITY


@pytest.mark.occi("INF-40")
def test_1_1_mode_brings_back_what_1_2_took_out() -> None:
    now, then = kinds.registry("cloud"), kinds.registry("cloud", compatible=True)
    assert set(then.definitions(f"{INFRASTRUCTURE}compute")) - set(now.definitions(f"{INFRASTRUCTURE}compute")) == {
        "occi.compute.speed"
    }
    assert {each.rpartition("#")[2] for each in set(then.actions) - set(now.actions)} == {
        "backup",
        "snapshot",
        "resize",
    }
    assert set(then.actions_of(f"{INFRASTRUCTURE}storage")) > set(now.actions_of(f"{INFRASTRUCTURE}storage"))
    assert list(now.kinds) == list(then.kinds)


@pytest.mark.occi("NS-04")
def test_entity_has_a_location_where_a_setting_says_so() -> None:
    assert kinds.registry("node").kinds[ENTITY].location is None
    assert kinds.registry("node", bound=True).kinds[ENTITY].location == "/entity/"


def test_links_have_links_as_ancestors() -> None:
    registry = kinds.registry("cloud")
    assert {kind.term for kind in registry.kinds.values() if registry.is_link(kind.id)} == {
        "link",
        "networkinterface",
        "storagelink",
        "securitygrouplink",
        "componentlink",
        "agreement_link",
    }


def test_short_forms_stand_for_references_and_counts() -> None:
    attributes = {each.name: each for each in kinds.registry("node").kind(f"{CORDS}node").attributes}
    assert attributes["occi.node.image"].refers == f"{CORDS}image"
    assert attributes["occi.node.provider"].default == "any"
    packages = {each.name: each for each in kinds.registry("image").kind(f"{CORDS}image").attributes}
    assert packages["occi.image.packages"].type is Type.INTEGER


def test_a_wrong_entry_is_named() -> None:
    with pytest.raises(ValidationError, match=r"kinds\.node\.attributes\.name\.mutabel"):
        FileSpec.model_validate(
            {"scheme": "http://x#", "kinds": {"node": {"title": "n", "attributes": {"name": {"mutabel": False}}}}}
        )
