"""Entities, categories and actions through either face, against real rows."""

from __future__ import annotations

import pytest

from broker import auth
from broker.client import Unreadable, categories, entities
from broker.client.entities import Held
from broker.client.messages import Answer
from broker.errors import Forbidden, Missing, Stale
from broker.occi.errors import Denied, Unknown
from broker.occi.model import CORDS, INFRASTRUCTURE, Draft, Mixin
from broker.occi.read import Filter
from tests.client.conftest import Face, Faces
from tests.operations.house import House

NODE, COMPUTE, NETWORK = CORDS + "node", INFRASTRUCTURE + "compute", INFRASTRUCTURE + "network"
JOINS = INFRASTRUCTURE + "networkinterface"


def node(name: str = "pacs", **attributes: str) -> Draft:
    return Draft(kind=NODE, title=name, attributes={"occi.node.name": name, **attributes})


def test_what_was_made_is_read_back_and_gone_when_it_is_deleted(ann: Face) -> None:
    made = ann.do(entities.create("node", node('Jürgen "7"')))
    assert made.entity.title == 'Jürgen "7"'
    read = ann.do(entities.get("node", made.location))
    assert (read.entity, read.generation) == (made.entity, 1)
    ann.do(entities.delete("node", made.location))
    with pytest.raises(Missing):
        ann.do(entities.get("node", made.location))


def test_what_has_not_changed_is_not_sent_again(ann: Face) -> None:
    made = ann.do(entities.create("node", node()))
    known = ann.do(entities.get("node", made.location))
    assert ann.do(entities.get("node", made.location, known)) is known
    ann.do(entities.update("node", made.location, Draft(summary="an archive")))
    assert ann.do(entities.get("node", made.location, known)).entity.summary == "an archive"


def test_of_two_who_change_the_same_generation_one_is_refused(ann: Face) -> None:
    made = ann.do(entities.create("node", node()))
    seen = ann.do(entities.get("node", made.location))
    changed = ann.do(entities.update("node", made.location, Draft(summary="one"), match=seen.etag))
    assert changed.generation == 2
    for flow in (
        entities.update("node", made.location, Draft(summary="other"), match=seen.etag),
        entities.put("node", made.location, node(), match=seen.etag),
        entities.delete("node", made.location, match=seen.etag),
    ):
        with pytest.raises(Stale) as caught:
            ann.do(flow)
        assert (caught.value.code, caught.value.fields["generation"]) == ("conflict.generation", 2)
    ann.do(entities.put("node", made.location, node("other"), match=changed.etag))
    assert ann.do(entities.get("node", made.location)).entity.summary is None


def test_put_makes_what_is_not_there(ann: Face) -> None:
    path = "/node/0f0f0f0f-aaaa-4bbb-8ccc-0123456789ab"
    assert ann.do(entities.put("node", path, node())).location == path
    ann.do(entities.delete("node", path))


def test_several_are_made_together_or_none(ann: Face) -> None:
    made = ann.do(entities.create_all("node", [node("a"), node("b")]))
    assert [each.entity.title for each in made] == ["a", "b"]
    with pytest.raises(Unknown):
        ann.do(entities.create_all("node", [node("c"), Draft(kind=CORDS + "nothing")]))
    assert len(ann.some(entities.listing("node", "/node/"))) == 2


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_listing_gives_every_member_once_whatever_a_page_holds(ann: Face, size: int) -> None:
    made = ann.do(entities.create_all("node", [node(str(number)) for number in range(4)]))
    found = ann.some(entities.listing("node", "/node/", size=size))
    assert sorted(each.location for each in found) == sorted(each.location for each in made)


def test_a_listing_that_is_left_early_asks_for_no_more_pages(ann: Face) -> None:
    ann.do(entities.create_all("node", [node(str(number)) for number in range(4)]))
    assert len(ann.some(entities.listing("node", "/node/", size=1), 2)) == 2


def test_a_filter_narrows_by_attribute_and_by_category(ann: Face) -> None:
    ann.do(entities.create_all("node", [node('a, "b"'), node("c")]))
    wanted = Filter(attributes={"occi.node.name": 'a, "b"'})
    assert [each.entity.title for each in ann.some(entities.listing("node", "/node/", wanted))] == ['a, "b"']
    assert len(ann.some(entities.listing("node", "/", Filter(categories=(NODE,))))) == 2
    with pytest.raises(Unknown):
        ann.some(entities.listing("node", "/", Filter(categories=("http://x.test/#y",))))


def test_a_collection_is_emptied_of_what_fits(ann: Face) -> None:
    ann.do(entities.create_all("node", [node("a"), node("b")]))
    ann.do(entities.delete("node", "/node/", Filter(attributes={"occi.node.name": "a"})))
    assert [each.entity.title for each in ann.some(entities.listing("node", "/node/"))] == ["b"]


def test_a_link_comes_with_its_resource_and_goes_with_it(ann: Face) -> None:
    network = ann.do(entities.create("cloud", Draft(kind=NETWORK, title="lan")))
    link = Draft(kind=JOINS, target=network.location)
    compute = ann.do(entities.create("cloud", Draft(kind=COMPUTE, title="web", links=(link,))))
    (joined,) = ann.some(entities.listing("cloud", "/networkinterface/"))
    assert (joined.is_link, compute.is_link) == (True, False)
    assert (joined.entity.source, joined.entity.target) == (compute.location, network.location)
    (inline,) = ann.do(entities.get("cloud", compute.location)).entity.links
    assert (inline.id, inline.target_kind) == (joined.entity.id, NETWORK)
    ann.do(entities.delete("cloud", compute.location))
    assert ann.some(entities.listing("cloud", "/networkinterface/")) == []


def test_an_action_is_done_with_one_and_with_all(ann: Face) -> None:
    made = ann.do(entities.create_all("cloud", [Draft(kind=NETWORK, title=title) for title in "ab"]))
    action = f"{INFRASTRUCTURE.removesuffix('#')}/network/action#up"
    assert action in made[0].actions
    one = entities.held("cloud", ann.do(entities.act("cloud", made[0].location, action)))
    assert one.entity.attributes["occi.network.state"] == "active"
    with pytest.raises(Exception, match="up") as caught:
        ann.do(entities.act("cloud", "/network/", action))  # one of them is up already: nothing is done
    assert getattr(caught.value, "code", "").startswith("occi.")
    down = action.removesuffix("up") + "down"
    ann.do(entities.act("cloud", made[0].location, down))
    all_up = entities.members("cloud", ann.do(entities.act("cloud", "/network/", action)))
    assert {each.entity.attributes["occi.network.state"] for each in all_up} == {"active"}


def test_a_rows_categories_are_what_it_was_made_of_and_are_asked_for_once(ann: Face) -> None:
    found = ann.do(categories.discover("cloud"))
    assert found.kinds[COMPUTE].location == "/compute/"
    assert found.kinds[JOINS].parent == "http://schemas.ogf.org/occi/core#link"
    assert all(action in found.actions for kind in found.kinds.values() for action in kind.actions)
    assert ann.do(categories.discover("cloud", found)) is found


def test_a_mixin_of_ones_own_is_defined_given_taken_and_removed(ann: Face) -> None:
    known = ann.do(categories.discover("node"))
    tag = Mixin("http://ward.test/tags#", "night", "at night", location="/tags/night/")
    ann.do(categories.define("node", tag))
    found = ann.do(categories.discover("node", known))
    assert (found.mixins[tag.id].title, found.etag == known.etag) == ("at night", False)
    first, second = ann.do(entities.create_all("node", [node("a"), node("b")]))
    assert len(ann.do(categories.add(tag, [first, second]))) == 2
    assert [each.entity.title for each in ann.do(categories.remove(tag, [first]))] == ["b"]
    assert ann.do(categories.remove(tag, [])) == ()
    assert [each.entity.title for each in ann.some(entities.listing("node", tag.location))] == ["b"]
    ann.do(categories.undefine("node", tag))
    assert ann.do(entities.get("node", second.location)).entity.mixins == ()


def test_the_error_is_the_one_that_the_row_raised(ann: Face) -> None:
    with pytest.raises(Denied) as caught:
        ann.do(categories.undefine("cloud", Mixin(INFRASTRUCTURE, "os_tpl")))
    assert (caught.value.code, caught.value.status) == ("occi.denied", 403)
    with pytest.raises(Forbidden):
        ann.acting_for("other").do(entities.get("node", "/node/"))


def test_a_server_acts_for_an_account_and_stays_itself(house: House, faces: Faces, account: str) -> None:
    import httpx

    token = auth.issue(house.installation.key, auth.Principal("worker", auth.PLATFORM, auth.Role.WORKER))
    worker = faces(house.settings, token, httpx.WSGITransport(app=house.rows.by_port))
    worker.acting_for(account).do(entities.create("node", node()))
    assert len(worker.acting_for(account).some(entities.listing("node", "/node/"))) == 1
    assert worker.some(entities.listing("node", "/node/")) == []


@pytest.mark.parametrize("said", [b"", b"<html>", b"[]", b"{}", b'{"kind": 1}', b'{"kind": "x", "id": "y"}'])
def test_an_answer_that_is_no_entity_is_unreadable(said: bytes) -> None:
    with pytest.raises(Unreadable):
        entities.held("node", Answer(200, {}, said))


def test_an_entity_that_is_waited_for_is_given_as_soon_as_it_is_so(ann: Face) -> None:
    made: Held = ann.do(entities.create("node", node()))
    found = ann.do(entities.until("node", made.location, lambda entity: entity.title == "pacs", seconds=5))
    assert found.entity.id == made.entity.id
