"""Why a node is where it is can be asked of its service; a plan whose ground has moved is not begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from broker.cli import main, why
from broker.cli.exits import Exit
from broker.errors import Clash
from broker.store import PLATFORM, offers
from manifests import Offer
from providers.protocol import Kind
from tests.operations.house import House, User

PUBLIC = '<manifest name="shown"><node name="web" access="public"/><node name="db"/></manifest>'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path)
    monkeypatch.setattr(why, "client", lambda: found.client("ann", "ward"))
    yield found
    found.close()


@pytest.fixture
def user(house: House) -> User:
    return User(house.client("ann", "ward"))


def offered(house: House, offer: Offer) -> None:
    with house.tools.store.write() as tx:
        offers.replace(tx, PLATFORM, offer.provider, [offer])


def paris(house: House) -> Offer:
    with house.tools.store.read() as tx:
        (found,) = offers.every(tx, PLATFORM)
    return found


def test_a_plan_whose_price_rose_is_refused_with_both_prices_unless_it_is_taken_anyway(
    house: House, user: User
) -> None:
    made = user.plan(user.post_document(PUBLIC)["location"])["id"]
    before = paris(house)
    offered(house, replace(before, sizes=tuple(replace(size, price=Decimal("0.5")) for size in before.sizes)))
    with pytest.raises(Clash) as refused:
        user.service(made, name="shown")
    assert refused.value.code == "plan.moved"
    said = "web costs 0.5 EUR an hour at paris, and was to cost 0.01 EUR an hour"
    assert said in list(refused.value.fields["difference"])  # type: ignore[call-overload] (a list, as JSON has it)
    service = user.service(made, name="shown", **{"org.accords.anyway": True})
    house.work()
    assert user.state(service) == "active"


def test_a_plan_for_which_there_is_no_room_any_more_is_refused_before_anything_is_made(
    house: House, user: User
) -> None:
    made = user.plan(user.post_document(PUBLIC)["location"])["id"]
    offered(house, replace(paris(house), left={"machines": 1}))
    with pytest.raises(Clash) as refused:
        user.service(made, name="shown")
    assert refused.value.fields["difference"] == ["paris has room for 1 machines; 2 more would be too much"]
    house.work()
    assert not house.cloud.list({}, deadline=1)


def test_a_public_node_has_an_address_of_its_own_and_gives_it_back_first(house: House, user: User) -> None:
    service = user.up(PUBLIC, name="shown")
    house.work()
    (address,) = house.cloud.list({}, kinds={Kind.ADDRESS}, deadline=1)
    assert address.tags["accords-node"] == "web"
    user.act(service, "release")
    house.work()
    assert not house.cloud.list({}, deadline=1)
    assert user.state(service) == "released"


def test_why_says_where_a_node_is_and_what_spoke_against_the_others(
    house: House, user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    user.up(PUBLIC, name="shown")
    assert main(["why", "shown", "web"]) == Exit.OK
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "web on paris in fake-1, 0.01 EUR an hour"
    assert said[1] == "    because the only offer that fits: paris/fake-1, 0.01 EUR an hour"
    assert main(["why", "shown", "web", "lyon"]) == Exit.REFUSED
    assert main(["why", "shown", "nobody"]) == Exit.REFUSED
    assert "there are: db, web" in capsys.readouterr().err


def test_a_machine_that_is_taken_out_takes_its_address_along(house: House, user: User) -> None:
    service = user.up(PUBLIC, name="shown")
    house.work()
    user.client.request("service", "POST", f"/services/{service}/end", params={"node": "web"})
    house.work()
    assert [each.tags["accords-node"] for each in house.cloud.list({}, kinds={Kind.MACHINE}, deadline=1)] == ["db"]
    assert not house.cloud.list({}, kinds={Kind.ADDRESS}, deadline=1)
