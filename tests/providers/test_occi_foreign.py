"""What the occi driver says to servers of others, and hears: text of OCCI 1.1, marks in a title, whose server it is."""

from __future__ import annotations

import base64
from contextlib import closing
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Auth, Refused
from providers.occi import Occi, Options, marks, text, words
from providers.occi.broker import Broker
from providers.occi.foreign import free
from providers.protocol import Attachment, Kind, NetworkSpec, State, VolumeSpec
from tests.providers.cloud import Cloud
from tests.stands.occi import DIALECTS, Stand, options

BOTH = pytest.mark.parametrize("dialect", sorted(DIALECTS))
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)


def opened(stand: Stand, **more: object) -> Occi:
    said = Options.model_validate({**options(stand.name), **more})
    return Occi("there", said, httpx.WSGITransport(app=stand))


@given(WORDS, st.text("abcdefgh234567", min_size=1), st.dictionaries(WORDS.filter(bool), WORDS, max_size=4))
def test_a_mark_is_read_back_whatever_is_in_it(name: str, token: str, tags: dict[str, str]) -> None:
    kept = marks.marked(name, token, tags, 10_000)
    assert '"' not in kept
    assert marks.read(kept) == (name.replace('"', "'"), token, tags)


def test_what_is_none_of_ours_has_no_token() -> None:
    assert marks.read("vm_assig_2") == ("vm_assig_2", "", {})


def test_a_mark_that_the_server_would_cut_is_refused_with_both_numbers() -> None:
    with pytest.raises(Refused, match=r"\d+ characters .* 255"):
        marks.marked("web", "t" * 26, {"accords-step": "s" * 300}, 255)


def test_our_own_tags_fit_into_the_title_that_openstack_keeps() -> None:
    uuid = "5f4311da-2ee2-47a6-913b-5d8496486c62"
    own = {"installation": uuid, "account": "ward", "service": uuid, "step": "pacs-db.0.machine", "node": "pacs-db"}
    tags = {**{f"accords-{name}": value for name, value in own.items()}, "accords-token": "t" * 26}
    assert len(marks.marked("pacs-pacs-db", "t" * 26, tags, 255)) < 255


@given(st.text(max_size=300))
def test_no_text_of_a_server_is_an_error_of_ours_to_read(body: str) -> None:
    said = text.lines(text.PLAIN, {}, body)
    text.model(said)
    text.locations(said)


def test_several_values_of_a_header_are_told_apart_where_no_quote_is_open() -> None:
    said = text.lines(text.HEADERS, {"x-occi-attribute": 'occi.core.title="a, b", occi.compute.cores=2'}, "OK")
    found = text.entity([("category", 'compute; scheme="http://x#"; class="kind"'), *said], "1")
    assert (found.title, found.attributes["occi.compute.cores"]) == ("a, b", 2)


def test_a_quote_is_not_said_because_no_server_agrees_how() -> None:
    with pytest.raises(Refused, match="quote"):
        text.body(words.NETWORK, (), {"occi.core.title": 'a "b"'}, ())


def test_links_are_those_to_things_and_not_the_actions_that_are_offered() -> None:
    said = [
        (
            "link",
            "<http://h/compute/1?action=stop>; rel=http://schemas.ogf.org/occi/infrastructure/compute/action#stop",
        ),
        ("link", f'<http://h/networklink/1>; rel="{words.NETWORK}"; occi.core.target="http://h/network/7"'),
    ]
    (link,) = text.entity(said, "1").links
    assert link.target is not None
    assert link.target.location == "/network/7"


@BOTH
def test_whose_server_it_is_is_seen_from_what_it_shows(dialect: str) -> None:
    stand = Stand(dialect)
    with closing(opened(stand)) as provider:
        cloud = Cloud(provider)
        machine = cloud.make(replace(cloud.machine_spec(), user_data="#cloud-config\n"))
        (compute,) = stand.world.every("compute")
        attribute = DIALECTS[dialect]["data"]["attribute"]
        assert base64.b64decode(str(compute.attributes[attribute])) == b"#cloud-config\n"
        assert DIALECTS[dialect]["data"]["mixin"] in compute.mixins
        assert machine.facts["memory"] == min(each.memory for each in provider.offers(deadline=5)[0].sizes)


@BOTH
def test_a_compute_that_is_being_built_is_pending_and_then_has_what_it_is_linked_to(dialect: str) -> None:
    stand = Stand(dialect, building=0.2)
    with closing(opened(stand)) as provider:
        cloud = Cloud(provider)
        lan, disk = cloud.make(NetworkSpec(cloud.name("lan"))), cloud.make(VolumeSpec(cloud.name("data"), 1))
        spec = cloud.machine_spec(networks=(lan.id,), volumes=(Attachment(disk.id, "/data"),))
        made = cloud.create(spec)
        assert made.state is State.PENDING
        there = cloud.settled(made)
        assert (there.state, len(there.addresses)) == (State.ACTIVE, 1)
        assert {each.ends["target"] for each in stand.world.links_of(made.id)} == {lan.id, disk.id}


@BOTH
def test_sizes_that_no_setting_describes_are_not_offered_and_said(dialect: str) -> None:
    with closing(opened(Stand(dialect), sizes={})) as provider:
        assert provider.offers(deadline=5)[0].sizes == ()
        (problem,) = provider.check(deadline=5)
        assert next(iter(DIALECTS[dialect]["sizes"]["terms"])) in problem.mend


@BOTH
def test_a_wrong_token_is_no_empty_list(dialect: str) -> None:
    with closing(opened(Stand(dialect), token="another")) as provider, pytest.raises(Auth):
        provider.list({}, deadline=5)


@BOTH
def test_what_others_have_there_is_not_listed(dialect: str) -> None:
    stand = Stand(dialect)
    stand.world.make("storage", [], {"occi.core.title": "theirs", "occi.storage.size": 1}, [])
    with closing(opened(stand)) as provider:
        assert provider.list({}, deadline=5) == []
        (theirs,) = stand.world.every("storage")
        assert provider.observe(Kind.VOLUME, theirs.id, deadline=5).name == "theirs"


def test_a_broker_of_ours_is_not_taken_for_somebody_elses() -> None:
    shown = {"kinds": [], "mixins": [{"term": "tagged", "scheme": words.OURS, "location": "/tagged/"}]}
    provider = Occi(
        "b", Options(url="http://occi.invalid"), httpx.MockTransport(lambda _: httpx.Response(200, json=shown))
    )
    assert provider.check(deadline=5)
    assert isinstance(provider._seen, Broker)


@given(st.text("abcdefgh234567", min_size=1), st.sets(st.integers(0, 255), max_size=200))
def test_a_range_is_chosen_that_no_other_network_has(token: str, used: set[int]) -> None:
    pool, taken = Options(url="http://h", pool="10.9.0.0/16").pool, [f"10.9.{each}.0/24" for each in used]
    assert free(pool, taken, token) not in taken
