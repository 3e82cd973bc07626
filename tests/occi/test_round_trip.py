"""Properties: what is rendered is read back, and no bytes make a reader raise anything but its own error."""

from __future__ import annotations

import json
import string
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.occi import checks, kinds, read, render
from broker.occi.errors import OcciError
from broker.occi.media import Media
from broker.occi.model import CORDS, INFRASTRUCTURE, Draft, Entity, Mixin, Scalar
from broker.occi.read import Request
from broker.occi.registry import Registry

CLOUD = kinds.registry("cloud")
TAG = "http://example.org/users/ann/tags#prod"
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# A quoted string cannot say control characters (TXT-11); JSON keeps them, but for NUL.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
uuids = st.uuids().map(str)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**62), 2**62)
scalars = texts | numbers | st.booleans()
names = st.from_regex(r"com\.example\.[a-z][a-z0-9_.-]{0,10}", fullmatch=True)
paths = st.builds(lambda term, id: f"/{term}/{id}", st.sampled_from(["storage", "network", "other"]), uuids)


def attributes(values: st.SearchStrategy[Scalar]) -> st.SearchStrategy[dict[str, Scalar]]:
    return st.dictionaries(names, values, max_size=5)


@st.composite
def links(draw: st.DrawFn) -> Entity:
    return Entity(
        kind=f"{INFRASTRUCTURE}storagelink",
        id=draw(uuids),
        title=draw(st.none() | texts),
        attributes=draw(attributes(scalars)),
        source=f"/compute/{draw(uuids)}",
        target=draw(paths),
        target_kind=f"{INFRASTRUCTURE}storage",
        source_kind=f"{INFRASTRUCTURE}compute",
    )


@st.composite
def resources(draw: st.DrawFn) -> Entity:
    return Entity(
        kind=f"{INFRASTRUCTURE}compute",
        id=draw(uuids),
        title=draw(st.none() | texts),
        summary=draw(st.none() | texts),
        mixins=draw(st.sampled_from([(), (f"{INFRASTRUCTURE}os_tpl",), (TAG,)])),
        attributes=draw(attributes(scalars)),
        links=tuple(draw(st.lists(links(), max_size=2))),
    )


def as_said(entity: Entity) -> Draft:
    """The draft that says all of an entity."""
    return Draft(
        kind=entity.kind,
        id=entity.id,
        title=entity.title,
        summary=entity.summary,
        mixins=entity.mixins,
        attributes=entity.attributes,
        links=tuple(as_said(each) for each in entity.links),
        source=entity.source,
        target=entity.target,
        source_kind=entity.source_kind,
        target_kind=entity.target_kind,
    )


def in_text(draft: Draft) -> Draft:
    """What text does not carry: the kind of a link's source; an inline link has its own path."""
    inline = tuple(replace(each, source_kind=None, location=f"/storagelink/{each.id}") for each in draft.links)
    return replace(draft, links=inline)


def sent_back(found: render.Rendered) -> Request:
    return Request(found.media, {name.lower(): value for name, value in found.headers}, found.body)


@QUICK
@given(resources())
def test_a_resource_is_read_back_from_plain_text(entity: Entity) -> None:
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, Media.PLAIN))) == in_text(as_said(entity))


@QUICK
@given(resources())
def test_a_resource_is_read_back_from_headers(entity: Entity) -> None:
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, Media.OCCI))) == in_text(as_said(entity))


@QUICK
@given(resources())
def test_a_resource_is_read_back_from_json(entity: Entity) -> None:
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, Media.JSON))) == as_said(entity)


@QUICK
@given(resources())
def test_a_resource_is_read_back_from_plain_json_with_its_location(entity: Entity) -> None:
    said = as_said(entity)
    expected = replace(
        said,
        location=f"/compute/{entity.id}",
        links=tuple(replace(each, location=f"/storagelink/{each.id}") for each in said.links),
    )
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, Media.PLAIN_JSON))) == expected


@QUICK
@given(st.lists(resources(), max_size=3), st.lists(links(), min_size=1, max_size=3))
def test_a_collection_is_read_back_from_json_resources_first(some: list[Entity], others: list[Entity]) -> None:
    found = read.entities(CLOUD, sent_back(render.collection(CLOUD, [*others, *some], Media.JSON, "http://h")))
    assert found == tuple(map(as_said, (*some, *others)))


@QUICK
@given(links())
def test_a_link_is_read_back_from_json(entity: Entity) -> None:
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, Media.JSON))) == as_said(entity)


@QUICK
@given(links(), st.sampled_from([Media.PLAIN, Media.OCCI]))
def test_a_link_is_read_back_from_text_but_for_the_kinds_of_its_ends(entity: Entity, media: Media) -> None:
    expected = replace(as_said(entity), source_kind=None, target_kind=None)
    assert read.entity(CLOUD, sent_back(render.entity(CLOUD, entity, media))) == expected


@QUICK
@given(resources(), st.booleans())
def test_1_1_mode_reads_what_is_quoted_as_any_mode_does(entity: Entity, older: bool) -> None:
    request = replace(sent_back(render.entity(CLOUD, entity, Media.PLAIN)), older=older)
    assert read.entity(CLOUD, request) == in_text(as_said(entity))


@pytest.mark.occi("TXT-14")
@QUICK
@given(st.lists(st.dictionaries(texts, st.integers(-(2**62), 2**62), max_size=3), max_size=3))
def test_lists_and_hashes_survive_text_through_the_checks(value: list[object]) -> None:
    """TXT-14: they travel as quoted JSON, and the attribute's type brings them back."""
    plan = kinds.registry("manifest")
    name = "org.accords.placements"
    entity = Entity(f"{CORDS}plan", "1", attributes={name: value})
    draft = read.entity(plan, sent_back(render.entity(plan, entity, Media.PLAIN)))
    assert checks.replace(plan, entity, draft).attributes[name] == value


@QUICK
@given(st.lists(resources(), max_size=4), st.sampled_from([Media.PLAIN, Media.OCCI, Media.URI_LIST, Media.PLAIN_JSON]))
def test_a_listing_names_its_members(entities: list[Entity], media: Media) -> None:
    base = "" if media is Media.PLAIN_JSON else "http://h:8086"
    found = read.locations(sent_back(render.collection(CLOUD, entities, media, base)))
    assert found == tuple(f"{base}/compute/{each.id}" for each in entities)


terms = st.from_regex(r"[a-z][a-z0-9_.-]{0,10}", fullmatch=True)


@QUICK
@given(terms, texts, st.sampled_from([Media.PLAIN, Media.OCCI, Media.JSON]))
def test_a_users_mixin_is_read_back_from_the_query_interface(term: str, title: str, media: Media) -> None:
    mixin = Mixin(
        "http://e.org/ann#", term, title, depends=(f"{INFRASTRUCTURE}os_tpl",), location=f"/t/{term}/", user=True
    )
    registry = CLOUD.with_mixin(mixin)
    assert read.mixins(sent_back(render.categories(registry, media, (mixin.id,)))) == (mixin,)


# --- what nobody sends on purpose ---

pieces = st.sampled_from(
    [
        *("Category:", "Link:", "X-OCCI-Attribute:", "X-OCCI-Location:", "category", "OK"),
        *('"', "\\", ",", ";", "=", "<", ">", "\n", "\r", "\0", "#", "?action=", "{", "}", "[", "]", " ", "[::"),
        *("scheme=", "class=", '"kind"', "mixin", "rel=", "self=", "occi.core.id=", "http://x#", "//[", "1e999", "-5"),
        *(
            f"compute; scheme={INFRASTRUCTURE}",
            "NaN",
            "null",
            "kind",
            "links",
            ":",
            "\xff",
            "\u2028",
            "99999999999999999",
        ),
    ]
)
near = st.lists(pieces | st.text(string.printable, max_size=3), max_size=12).map("".join)
bodies = st.binary(max_size=80) | near.map(str.encode)
headers = st.dictionaries(
    st.sampled_from(["category", "link", "x-occi-attribute", "x-occi-location", "accept"]), near | texts, max_size=4
)
members = st.sampled_from(
    [*("kind", "mixins", "attributes", "links", "id", "source", "target", "resources", "action", "term", "scheme")]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members | texts, inner, max_size=4),
    max_leaves=10,
)
requests = st.builds(Request, st.sampled_from(Media), headers, bodies, st.booleans())


def every_reader(registry: Registry, request: Request) -> None:
    """Each may refuse, and whatever it accepts may be refused by the checks."""
    for reader in (read.invocation, read.mixins, read.locations, read.members):
        with suppress(OcciError):
            reader(request)
    with suppress(OcciError):
        read.filters(registry, request.headers)
    with suppress(OcciError):
        for mixin in read.mixins(request):
            render.categories(registry.with_mixin(mixin), Media.OCCI)
    with suppress(OcciError):
        for draft in read.entities(registry, request):
            _created(registry, draft)


def _created(registry: Registry, draft: Draft) -> None:
    with suppress(OcciError):
        entity = checks.create(registry, draft, lambda: "1")
        for media in (Media.PLAIN, Media.OCCI, Media.JSON):
            render.entity(registry, entity, media)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_no_bytes_make_a_reader_raise_anything_but_its_own_error(request: Request) -> None:
    every_reader(CLOUD, request)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_no_json_makes_a_reader_raise_anything_but_its_own_error(document: object) -> None:
    every_reader(CLOUD, Request(Media.JSON, {}, json.dumps(document).encode()))


@pytest.mark.occi("TXT-33")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4))
def test_txt_33_no_accepted_text_can_end_a_header_line(said: list[str]) -> None:
    """Whatever a JSON client gets past the checks, its rendering in headers has no control character."""
    draft = Draft(
        kind=f"{INFRASTRUCTURE}compute",
        title=said[0],
        attributes={"occi.compute.hostname": said[-1]},
        links=(Draft(kind=f"{INFRASTRUCTURE}storagelink", target=said[-1], target_kind=said[0]),),
    )
    with suppress(OcciError):
        found = render.entity(CLOUD, checks.create(CLOUD, draft, lambda: "1"), Media.OCCI)
        assert not any(ord(mark) < 32 or ord(mark) == 127 for _, value in found.headers for mark in value)
