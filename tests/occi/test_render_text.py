"""The bytes of the text renderings: the checklist's wire examples, composed there from what clients can read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from broker.occi import render
from broker.occi.errors import Malformed, TooLong
from broker.occi.media import Media
from broker.occi.model import CORE, INFRASTRUCTURE, Entity
from broker.occi.registry import Registry

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.occi("TXT-20")
def test_txt_20_an_entity_in_plain_text_has_one_value_a_line(cloud: Registry, compute: Entity) -> None:
    found = render.entity(cloud, compute, Media.PLAIN)
    assert (found.body, found.headers) == ((GOLDEN / "entity.txt").read_bytes(), ())


@pytest.mark.occi("TXT-30")
def test_txt_30_an_entity_in_headers_has_one_header_a_name_and_the_body_ok(cloud: Registry, compute: Entity) -> None:
    found = render.entity(cloud, compute, Media.OCCI)
    lines = "".join(f"{name}: {value}\n" for name, value in found.headers)
    assert (found.body, lines) == (b"OK", (GOLDEN / "entity.headers").read_text())


@pytest.mark.occi("TXT-18")
def test_txt_18_a_links_own_rendering_has_its_ends_as_attributes(cloud: Registry, storagelink: Entity) -> None:
    assert render.entity(cloud, storagelink, Media.PLAIN).body.decode().splitlines() == [
        'Category: storagelink; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"',
        'X-OCCI-Attribute: occi.core.id="urn:uuid:0e3f5c0e-8c5e-4b5d-93c0-4b3b8c9f2f11"',
        'X-OCCI-Attribute: occi.core.source="/compute/996ad860-2a9a-404f-8861-aeafd0b2ae29"',
        'X-OCCI-Attribute: occi.core.target="/storage/5c1f7c1a-6b2c-4d44-9d21-9a4c8f5e0b11"',
        'X-OCCI-Attribute: occi.storagelink.deviceid="/dev/vdb"',
        'X-OCCI-Attribute: occi.storagelink.state="active"',
    ]


@pytest.mark.occi("TXT-10")
@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.00001, "0.00001"),
        (1e22, "10000000000000000000000.0"),
        (-5, "-5"),
        (8.0, "8.0"),
        (True, "true"),
        ("two\r\nlines", '"two  lines"'),
        ('a "b" \\ c', '"a \\"b\\" \\\\ c"'),
        (["a", 1], '"[\\"a\\",1]"'),
    ],
)
def test_txt_10_numbers_have_no_exponent_and_strings_are_quoted(
    cloud: Registry, compute: Entity, value: object, written: str
) -> None:
    entity = replace(compute, attributes={"com.example.x": value})
    assert render.entity(cloud, entity, Media.PLAIN).body.decode().endswith(f"com.example.x={written}\n")


@pytest.mark.occi("TXT-11", "TXT-34")
def test_txt_11_what_is_not_ascii_travels_as_utf8_in_latin1(cloud: Registry, compute: Entity) -> None:
    headers = dict(render.entity(cloud, replace(compute, title="Grüße"), Media.OCCI).headers)
    assert "Grüße".encode().decode("latin-1") in headers["X-OCCI-Attribute"]


@pytest.mark.occi("TXT-08")
def test_txt_08_a_target_that_nobody_knows_is_a_resource(cloud: Registry, storagelink: Entity, compute: Entity) -> None:
    away = replace(storagelink, target="http://other.example/x/1")
    body = render.entity(cloud, replace(compute, links=(away,)), Media.PLAIN).body.decode()
    assert f'<http://other.example/x/1>; rel="{CORE}resource"; self=' in body


@pytest.mark.occi("ACT-07")
def test_act_07_start_comes_first_and_only_what_is_applicable_comes_at_all(cloud: Registry, compute: Entity) -> None:
    active = replace(compute, attributes={"occi.compute.state": "active"}, links=())
    body = render.entity(cloud, active, Media.PLAIN).body.decode()
    terms = [line.split("action=")[1].split(">")[0] for line in body.splitlines() if line.startswith("Link")]
    assert terms == ["stop", "restart", "suspend", "save"]


@pytest.mark.occi("TXT-15")
def test_txt_15_a_listing_in_text_is_absolute_locations(cloud: Registry, compute: Entity) -> None:
    found = render.collection(cloud, [compute], Media.PLAIN, "http://occi.example.org")
    assert found.body == b"X-OCCI-Location: http://occi.example.org/compute/996ad860-2a9a-404f-8861-aeafd0b2ae29\n"


@pytest.mark.occi("HTTP-09")
def test_http_09_locations_share_one_header(cloud: Registry, compute: Entity, storagelink: Entity) -> None:
    found = render.collection(cloud, [compute, storagelink], Media.OCCI, "http://h")
    assert found.headers == (
        ("X-OCCI-Location", f"http://h/compute/{compute.id}, http://h/storagelink/{storagelink.id}"),
    )


@pytest.mark.occi("COL-02")
def test_col_02_an_empty_listing_is_an_empty_body_or_ok(cloud: Registry) -> None:
    assert render.collection(cloud, [], Media.PLAIN, "http://h").body == b""
    assert render.collection(cloud, [], Media.URI_LIST, "http://h").body == b""
    assert render.collection(cloud, [], Media.OCCI, "http://h") == render.Rendered(Media.OCCI, b"OK")


@pytest.mark.occi("URI-02")
def test_uri_02_a_uri_list_ends_lines_with_lf_and_has_no_comments(cloud: Registry, compute: Entity) -> None:
    found = render.collection(cloud, [compute, compute], Media.URI_LIST, "http://h")
    assert found.body == f"http://h/compute/{compute.id}\n".encode() * 2


@pytest.mark.occi("URI-01")
def test_uri_01_an_entity_has_no_uri_list(cloud: Registry, compute: Entity) -> None:
    with pytest.raises(Malformed, match="uri-list"):
        render.entity(cloud, compute, Media.URI_LIST)


@pytest.mark.occi("COL-03")
def test_col_03_a_creation_answers_with_one_location_line_and_the_header(cloud: Registry, compute: Entity) -> None:
    url = f"http://occi.example.org/compute/{compute.id}"
    found = render.created(cloud, [compute], Media.PLAIN, "http://occi.example.org")
    assert (found.body.decode(), found.headers) == (f"X-OCCI-Location: {url}\n", (("Location", url),))


@pytest.mark.occi("TXT-32")
def test_txt_32_a_header_that_is_too_long_is_refused_and_not_cut(cloud: Registry, compute: Entity) -> None:
    with pytest.raises(TooLong, match="X-OCCI-Location"):
        render.collection(cloud, [compute] * 10, Media.OCCI, "http://h", limit=200)


@pytest.mark.occi("TXT-33")
def test_txt_33_no_title_can_end_a_header_line(cloud: Registry, compute: Entity) -> None:
    found = render.entity(cloud, replace(compute, title="a\r\nSet-Cookie: x\0\x7f"), Media.OCCI)
    assert not any(ord(mark) < 32 or ord(mark) == 127 for _, value in found.headers for mark in value)


@pytest.mark.occi("TXT-01")
def test_txt_01_categories_in_the_query_interface_have_the_grammars_fields(cloud: Registry) -> None:
    asked = ("networkinterface", "os_tpl", "compute/action#stop")
    only = tuple(INFRASTRUCTURE.replace("#", f"/{each}") if "#" in each else INFRASTRUCTURE + each for each in asked)
    found = render.categories(cloud, Media.PLAIN, only)
    assert found.body == (GOLDEN / "categories.txt").read_bytes()


@pytest.mark.occi("TXT-01")
def test_txt_01_a_kinds_fields_stand_in_the_grammars_order(cloud: Registry) -> None:
    line = render.categories(cloud, Media.PLAIN, (f"{INFRASTRUCTURE}compute",)).body.decode()
    fields = [field.partition("=")[0] for field in line.split("; ")[1:]]
    assert fields == ["scheme", "class", "title", "rel", "location", "attributes", "actions"]


@pytest.mark.occi("TXT-05")
def test_txt_05_a_required_attribute_says_so(cloud: Registry) -> None:
    found = render.categories(cloud, Media.PLAIN, (f"{INFRASTRUCTURE}storage",))
    assert "occi.storage.size{required}" in found.body.decode()


@pytest.mark.occi("TXT-06")
def test_txt_06_a_mixins_rel_is_its_first_dependency_and_never_a_kind(cloud: Registry) -> None:
    body = render.categories(cloud, Media.PLAIN, (f"{INFRASTRUCTURE}os_tpl",)).body.decode()
    assert "rel=" not in body
    assert body.startswith(f'Category: os_tpl; scheme="{INFRASTRUCTURE}"; class="mixin"; title="Operating System')


@pytest.mark.occi("QI-03")
def test_qi_03_the_core_kinds_come_first_and_match_the_working_groups_pattern(cloud: Registry) -> None:
    lines = render.categories(cloud, Media.PLAIN).body.decode().splitlines()
    assert [line.split(";")[0] for line in lines[:3]] == ["Category: entity", "Category: resource", "Category: link"]
    # the tool's own expression, on the line it looks at
    assert re.fullmatch(r'Category: \w+; \bscheme=[a-z:./#"]*; \bclass="kind".*', lines[1])
    classes = [line.split('class="')[1].split('"')[0] for line in lines]
    assert classes == sorted(classes, key=["kind", "mixin", "action"].index)


@pytest.mark.occi("NS-04")
def test_ns_04_entity_is_the_only_kind_without_a_location(cloud: Registry) -> None:
    lines = render.categories(cloud, Media.PLAIN).body.decode().splitlines()
    assert [line.split(";")[0] for line in lines if 'class="kind"' in line and "location=" not in line] == [
        "Category: entity"
    ]


@pytest.mark.occi("QI-14")
def test_qi_14_a_model_that_does_not_fit_in_a_header_is_refused(cloud: Registry) -> None:
    with pytest.raises(TooLong, match="Category"):
        render.categories(cloud, Media.OCCI, limit=1000)
