"""What JSON requests say, and what is refused."""

from __future__ import annotations

import orjson
import pytest

from broker.occi import read
from broker.occi.errors import Malformed
from broker.occi.media import Media
from broker.occi.model import INFRASTRUCTURE, Draft, Invocation, Mixin
from broker.occi.read import Request
from broker.occi.registry import Registry


def request(found: object) -> Request:
    return Request(Media.JSON, {}, found if isinstance(found, bytes) else orjson.dumps(found))


LINK = {
    "kind": f"{INFRASTRUCTURE}storagelink",
    "attributes": {"occi.storagelink.mountpoint": "/data"},
    "source": {"location": "/compute/1"},
    "target": {"location": "/storage/2", "kind": f"{INFRASTRUCTURE}storage"},
}


@pytest.mark.occi("JSN-01")
def test_jsn_01_a_link_is_read_with_its_ends(cloud: Registry) -> None:
    assert read.entity(cloud, request(LINK)) == Draft(
        kind=f"{INFRASTRUCTURE}storagelink",
        attributes={"occi.storagelink.mountpoint": "/data"},
        source="/compute/1",
        target="/storage/2",
        target_kind=f"{INFRASTRUCTURE}storage",
    )


@pytest.mark.occi("JSN-03")
def test_jsn_03_core_attributes_may_stand_in_both_places_if_they_agree(cloud: Registry) -> None:
    found = {"kind": "http://x#y", "title": "t", "attributes": {"occi.core.title": "t", "occi.core.summary": "s"}}
    draft = read.entity(cloud, request(found))
    assert (draft.title, draft.summary, draft.attributes) == ("t", "s", {})
    with pytest.raises(Malformed, match="contradict"):
        read.entity(cloud, request({**found, "title": "other"}))


@pytest.mark.occi("JSN-08")
def test_jsn_08_an_id_is_optional_and_its_urn_is_taken_off(cloud: Registry) -> None:
    assert read.entity(cloud, request({"kind": "http://x#y"})).id is None
    assert read.entity(cloud, request({"kind": "http://x#y", "id": "urn:uuid:7"})).id == "7"


@pytest.mark.occi("COL-06")
def test_col_06_several_entities_keep_the_requests_order(cloud: Registry) -> None:
    found = read.entities(cloud, request({"links": [LINK], "resources": [{"kind": "http://x#y"}]}))
    assert [each.kind for each in found] == [f"{INFRASTRUCTURE}storagelink", "http://x#y"]


@pytest.mark.occi("JSN-12")
def test_jsn_12_a_collection_is_not_an_entity(cloud: Registry) -> None:
    with pytest.raises(Malformed, match="resources"):
        read.entity(cloud, request({"resources": []}))


@pytest.mark.occi("JSN-12")
@pytest.mark.parametrize(
    ("found", "named"),
    [
        (b"{", "not JSON"),
        (b'{"kind": NaN}', "not JSON"),
        (b"[1]", "not an object"),
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        ({"knid": "x"}, "knid"),
        ({"kind": 5}, "kind"),
        ({"kind": "a\0b"}, "NUL"),
        ({"mixins": "x"}, "mixins"),
        ({"mixins": [1]}, "mixins"),
        ({"attributes": {"a.b": None}}, "a.b"),
        ({"attributes": {"occi.core.title": 5}}, "occi.core.title"),
        ({"links": ["x"]}, "links"),
        (b'{"links":[' * 400 + b'{"kind":"x"}' + b"]}" * 400, "links"),
        ({"source": {}}, "source"),
        ({"target": {"location": "/x", "href": "y"}}, "href"),
        ({"target": 5}, "location"),
    ],
)
def test_jsn_12_what_cannot_be_read_is_named(cloud: Registry, found: object, named: str) -> None:
    with pytest.raises(Malformed) as raised:
        read.entity(cloud, request(found))
    assert named in raised.value.message


@pytest.mark.occi("JSN-07")
def test_jsn_07_an_invocation_names_action_and_parameters() -> None:
    found = read.invocation(request({"action": "http://s/action#stop", "attributes": {"method": "acpioff"}}))
    assert found == Invocation("http://s/action#stop", {"method": "acpioff"})


@pytest.mark.occi("QI-06")
def test_qi_06_user_mixins_come_as_a_list() -> None:
    found = {"term": "prod", "scheme": "http://e#", "location": "/tags/p/", "depends": ["http://e#any"]}
    assert read.mixins(request({"mixins": [found]})) == (
        Mixin("http://e#", "prod", depends=("http://e#any",), location="/tags/p/", user=True),
    )
    for wrong in (
        {"mixins": []},
        {"mixins": [{"term": "x"}]},
        {"kinds": []},
        {"mixins": [{**found, "actions": ["a"]}]},
    ):
        with pytest.raises(Malformed):
            read.mixins(request(wrong))


@pytest.mark.occi("COL-25")
def test_col_25_members_are_named_by_location_or_id() -> None:
    found = {"resources": [{"location": "/compute/1"}, {"kind": "http://x#y", "id": "urn:uuid:7"}]}
    assert read.locations(request(found)) == ("/compute/1", "urn:uuid:7")
    assert read.locations(request(b"")) == ()
