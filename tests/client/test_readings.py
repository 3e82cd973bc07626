"""What goes out and what comes in, read back: bodies, filters, categories, events of a stream."""

from __future__ import annotations

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.client import Unreadable, categories, documents, entities, events
from broker.client.entities import Held
from broker.client.flows import Try
from broker.client.messages import Answer, Request
from broker.client.network import built, httpx
from broker.errors import AccordsError
from broker.occi import json_read, kinds, read, render
from broker.occi.media import Media
from broker.occi.model import INFRASTRUCTURE, Entity
from broker.occi.read import Filter
from broker.services import ROWS
from tests.occi.test_round_trip import CLOUD, QUICK, as_said, names, resources, scalars


@QUICK
@given(resources())
def test_what_a_row_renders_is_the_entity_that_it_holds(entity: Entity) -> None:
    found = render.entity(CLOUD, entity, Media.PLAIN_JSON)
    held = entities.held("cloud", Answer(200, {"etag": '"7.2.9-plain_json"'}, found.body))
    assert (held.entity, held.location, held.generation) == (entity, f"/compute/{entity.id}", 7)


@QUICK
@given(resources())
def test_what_is_said_of_an_entity_is_what_the_row_reads(entity: Entity) -> None:
    assert json_read.entity(entities.body(as_said(entity))) == as_said(entity)


@QUICK
@given(st.dictionaries(names, scalars, max_size=4), st.sets(st.sampled_from(["compute", "os_tpl"])))
def test_a_filter_is_read_as_it_was_meant(attributes: dict[str, read.Value], terms: set[str]) -> None:
    wanted = Filter(tuple(INFRASTRUCTURE + term for term in terms), attributes)
    headers = {name.lower(): value for name, value in entities.filtering(wanted).items()}
    wire = built(HTTP, Try(Request("cloud", "GET", "/", headers=headers), "http://c")).headers.raw
    sent = {name.decode().lower(): value.decode("latin-1") for name, value in wire}
    assert read.filters(CLOUD, {name: sent[name] for name in headers}) == wanted


@pytest.mark.parametrize("row", [row.name for row in ROWS])
def test_the_query_interface_is_read_as_the_registry_has_it(row: str) -> None:
    registry = kinds.registry(row)
    found = categories.read(row, Answer(200, {}, render.categories(registry, Media.PLAIN_JSON).body))
    assert found.kinds.keys() == registry.kinds.keys()
    assert found.mixins.keys() == registry.mixins.keys()
    assert found.actions.keys() == registry.actions.keys()
    for id, kind in found.kinds.items():
        assert (kind.location, kind.parent) == (registry.kinds[id].location, registry.kinds[id].parent)
        own = registry.definitions(id)
        assert [each.name for each in kind.attributes] == list(own)
        for each in kind.attributes:
            known = own[each.name]
            assert (each.type, each.mutable, each.required, each.default, each.values, each.pattern) == (
                known.type,
                known.mutable,
                known.required,
                known.default,
                known.values,
                known.pattern,
            )


HTTP = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "id", "attributes", "location", "links", "resources", "kinds", "term", "scheme", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@given(st.binary(max_size=60) | json_values.map(orjson.dumps))
def test_no_answer_makes_a_reading_raise_anything_but_an_error_of_ours(body: bytes) -> None:
    answer = Answer(200, {"content-type": "application/json"}, body)
    for reading in (entities.held, entities.members, categories.read):
        try:
            reading("node", answer)
        except AccordsError:
            continue
    for flow in (documents.post(b""), events.page(0)):
        next(flow)
        with pytest.raises((AccordsError, StopIteration)):
            flow.send(answer)


STREAM = (
    b": events follow\nretry: 1500\n\n"
    b'id: 17\nevent: step.done\ndata: {"a":\ndata: 1}\n\n'
    b":\r\n\r\n"
    b"id: 18\r\ndata:x\r\n\r\n"
    b"id: half"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_says_the_same_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    found: list[events.Message] = []
    left = b""
    for begin, end in itertools.pairwise(edges):
        messages, left = events.split(left + STREAM[begin:end])
        found += messages
    assert [(each.data, each.id, each.retry) for each in found if each != events.Message()] == [
        ("", None, 1500),
        ('{"a":\n1}', 17, None),
        ("x", 18, None),
    ]
    assert left == b"id: half"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_stream_of_something(said: bytes) -> None:
    events.split(said)


def test_an_event_without_an_end_is_given_up() -> None:
    with pytest.raises(Unreadable):
        events.split(b"data: " + b"x" * events.LARGEST)


def test_a_generation_is_known_where_an_etag_says_it() -> None:
    known = Entity("k", "1")
    assert [Held("node", "/node/1", known, (), etag).generation for etag in (None, '"x"', '"12-json"')] == [
        None,
        None,
        12,
    ]
