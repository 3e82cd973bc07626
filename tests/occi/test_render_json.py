"""The JSON rendering (GFD.225), against the checklist's examples."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from broker.occi import render
from broker.occi.media import Media
from broker.occi.model import INFRASTRUCTURE, LINK, Entity
from broker.occi.registry import Registry


@pytest.mark.occi("JSN-01")
def test_jsn_01_a_resource_has_the_schemas_members_and_no_others(cloud: Registry, compute: Entity) -> None:
    plain = replace(compute, title="db server", mixins=(), links=())
    assert render.entity(cloud, plain, Media.JSON).body == (
        b'{"kind":"http://schemas.ogf.org/occi/infrastructure#compute",'
        b'"id":"urn:uuid:996ad860-2a9a-404f-8861-aeafd0b2ae29","title":"db server",'
        b'"attributes":{"occi.compute.cores":4,"occi.compute.memory":8.0,"occi.compute.state":"inactive"},'
        b'"actions":["http://schemas.ogf.org/occi/infrastructure/compute/action#start"]}'
    )


@pytest.mark.occi("JSN-01")
def test_jsn_01_a_link_has_its_ends_with_their_kinds(cloud: Registry, storagelink: Entity) -> None:
    assert render.entity(cloud, storagelink, Media.JSON).body == (
        b'{"kind":"http://schemas.ogf.org/occi/infrastructure#storagelink",'
        b'"id":"urn:uuid:0e3f5c0e-8c5e-4b5d-93c0-4b3b8c9f2f11",'
        b'"attributes":{"occi.storagelink.deviceid":"/dev/vdb","occi.storagelink.state":"active"},'
        b'"source":{"location":"/compute/996ad860-2a9a-404f-8861-aeafd0b2ae29",'
        b'"kind":"http://schemas.ogf.org/occi/infrastructure#compute"},'
        b'"target":{"location":"/storage/5c1f7c1a-6b2c-4d44-9d21-9a4c8f5e0b11",'
        b'"kind":"http://schemas.ogf.org/occi/infrastructure#storage"}}'
    )


@pytest.mark.occi("JSN-09")
def test_jsn_09_only_plain_json_has_locations(cloud: Registry, compute: Entity) -> None:
    strict = orjson.loads(render.entity(cloud, compute, Media.JSON).body)
    loose = orjson.loads(render.entity(cloud, compute, Media.PLAIN_JSON).body)
    assert "location" not in strict and "location" not in strict["links"][0]
    assert loose["location"] == f"/compute/{compute.id}"
    assert loose["links"][0]["location"].startswith("/storagelink/")


@pytest.mark.occi("JSN-06")
def test_jsn_06_a_mixed_collection_has_both_keys(cloud: Registry, compute: Entity, storagelink: Entity) -> None:
    found = orjson.loads(render.collection(cloud, [storagelink, compute], Media.JSON, "http://h").body)
    assert {key: [each["kind"] for each in members] for key, members in found.items()} == {
        "resources": [compute.kind],
        "links": [storagelink.kind],
    }


@pytest.mark.occi("COL-02")
@pytest.mark.parametrize(("links", "body"), [(False, b'{"resources":[]}'), (True, b'{"links":[]}')])
def test_col_02_an_empty_collection_is_an_object(cloud: Registry, links: bool, body: bytes) -> None:
    assert render.collection(cloud, [], Media.JSON, "http://h", links=links).body == body


@pytest.mark.occi("COL-03")
def test_col_03_a_creation_answers_with_the_entity(cloud: Registry, compute: Entity) -> None:
    found = render.created(cloud, [compute], Media.JSON, "http://h")
    assert found.body == render.entity(cloud, compute, Media.JSON).body
    assert found.headers == (("Location", f"http://h/compute/{compute.id}"),)


@pytest.mark.occi("COL-06")
def test_col_06_the_creation_of_several_answers_with_a_collection(cloud: Registry, compute: Entity) -> None:
    found = render.created(cloud, [compute, compute], Media.JSON, "http://h")
    assert len(orjson.loads(found.body)["resources"]) == 2
    assert found.headers == ()


@pytest.mark.occi("JSN-05")
def test_jsn_05_an_attribute_always_says_mutable_required_and_type(cloud: Registry) -> None:
    found = orjson.loads(render.categories(cloud, Media.JSON).body)
    described = [each for members in found.values() for category in members for each in category["attributes"].values()]
    assert described
    assert all(each.keys() >= {"mutable", "required", "type"} for each in described)
    assert {each["type"] for each in described} <= {"string", "number", "boolean", "array", "object"}


@pytest.mark.occi("CORE-09")
def test_core_09_a_range_is_a_json_schema(cloud: Registry) -> None:
    found = orjson.loads(render.categories(cloud, Media.JSON, (f"{INFRASTRUCTURE}compute",)).body)
    assert found["kinds"][0]["attributes"]["occi.compute.cores"] == {
        "mutable": True,
        "required": False,
        "type": "number",
        "pattern": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer", "minimum": 1.0},
        "description": "number of virtual CPU cores",
    }
    assert found["kinds"][0]["attributes"]["occi.compute.state"]["default"] == "inactive"


@pytest.mark.occi("JSN-04")
def test_jsn_04_categories_carry_parent_location_depends_and_applies(cloud: Registry) -> None:
    found = orjson.loads(render.categories(cloud, Media.JSON).body)
    kinds = {each["scheme"] + each["term"]: each for each in found["kinds"]}
    assert all("location" in each for name, each in kinds.items() if not name.endswith("#entity"))
    assert kinds[f"{INFRASTRUCTURE}storagelink"]["parent"] == LINK
    mixins = {each["term"]: each for each in found["mixins"]}
    assert mixins["os_tpl"]["applies"] == [f"{INFRASTRUCTURE}compute"]
    assert mixins["prod"] == {
        "term": "prod",
        "scheme": "http://example.org/users/ann/tags#",
        "title": "Production",
        "attributes": {},
        "actions": [],
        "depends": [],
        "applies": [],
        "location": "/tags/ann/prod/",
    }
