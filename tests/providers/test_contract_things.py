"""The promises of `providers.protocol` on making, finding, listing and giving back, for every driver."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_network

import pytest

from providers import Provider
from providers.errors import Ambiguous, Conflict, NotFound, ProviderError, Refused, Unavailable
from providers.protocol import (
    KINDS,
    Ability,
    ApplicationSpec,
    FirewallSpec,
    Kind,
    NetworkSpec,
    Rule,
    SnapshotSpec,
    Spec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, lacking, surely

MIB = 1024**2
SPECS: dict[Kind, Callable[[str], Spec]] = {
    Kind.NETWORK: NetworkSpec,
    Kind.VOLUME: lambda name: VolumeSpec(name, size=64 * MIB),
    Kind.FIREWALL: lambda name: FirewallSpec(name, (Rule("tcp", 22, 22, "0.0.0.0/0"),)),
}


@pytest.fixture(params=SPECS.values(), ids=[kind.value for kind in SPECS])
def spec(request: pytest.FixtureRequest, cloud: Cloud) -> Spec:
    """A specification of each kind that needs nothing else to be there."""
    found = request.param(cloud.name("thing"))
    cloud.needs(KINDS[type(found)].value)
    assert isinstance(found, Spec)
    return found


def test_a_driver_is_a_provider_and_says_its_name_and_driver(cloud: Cloud) -> None:
    assert isinstance(cloud.provider, Provider)
    assert cloud.provider.name
    assert cloud.provider.driver


def test_a_provider_that_works_has_no_problems(cloud: Cloud) -> None:
    assert list(cloud.provider.check(deadline=DEADLINE)) == []


def test_offers_name_a_zone_once_with_sizes_and_images(cloud: Cloud) -> None:
    offers = cloud.provider.offers(deadline=DEADLINE)
    assert len({offer.zone for offer in offers}) == len(offers) >= 1
    assert all(offer.sizes and offer.images for offer in offers)
    assert all(offer.delivery in {"home", "direct", "none"} for offer in offers)


def test_some_image_is_called_linux_without_a_distribution(cloud: Cloud) -> None:
    assert any("linux" in image.aliases for image in cloud.offer().images)


def test_a_thing_is_made_with_its_name_token_and_tags(cloud: Cloud, spec: Spec) -> None:
    token = cloud.token()
    made = cloud.make(spec, token)
    assert (made.name, made.token, made.state) == (spec.name, token, State.ACTIVE)
    assert cloud.tags.items() <= made.tags.items()


def test_what_was_made_is_observed_the_same(cloud: Cloud, spec: Spec) -> None:
    made = cloud.make(spec)
    assert cloud.observe(made) == made


def test_the_same_token_twice_makes_one_thing(cloud: Cloud, spec: Spec) -> None:
    token = cloud.token()
    first, second = cloud.make(spec, token), cloud.make(spec, token)
    assert first.id == second.id
    assert len(cloud.list()) == 1


def test_the_same_token_at_the_same_time_makes_one_thing(cloud: Cloud, spec: Spec) -> None:
    """One of the calls may be told to come again (Conflict), never is a second thing made."""
    token = cloud.token()
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: _id_or_conflict(cloud, spec, token), range(8)))
    assert len(ids - {None}) == 1
    assert len(cloud.list()) == 1


def test_another_token_makes_another_thing(cloud: Cloud, spec: Spec) -> None:
    assert cloud.make(spec).id != cloud.make(spec).id


def test_a_token_finds_what_it_made(cloud: Cloud, spec: Spec) -> None:
    token = cloud.token()
    made = cloud.make(spec, token)
    assert cloud.provider.find(made.kind, token, deadline=DEADLINE) == made


def test_a_token_that_made_nothing_finds_nothing(cloud: Cloud) -> None:
    assert cloud.provider.find(Kind.VOLUME, cloud.token(), deadline=DEADLINE) is None


def test_a_token_finds_things_of_its_kind_only(cloud: Cloud) -> None:
    token = cloud.token()
    cloud.make(NetworkSpec(cloud.name("lan")), token)
    assert cloud.provider.find(Kind.VOLUME, token, deadline=DEADLINE) is None


def test_list_gives_what_carries_all_the_tags_and_nothing_else(cloud: Cloud) -> None:
    lan = cloud.make(NetworkSpec(cloud.name("lan")), **{"accords-step": "lan", "accords-account": "ann"})
    data = cloud.make(VolumeSpec(cloud.name("data"), size=MIB), **{"accords-step": "data", "accords-account": "ann"})
    assert {each.id for each in cloud.list(**{"accords-account": "ann"})} == {lan.id, data.id}
    assert [each.id for each in cloud.list(**{"accords-step": "data", "accords-account": "ann"})] == [data.id]
    assert cloud.list(**{"accords-step": "data", "accords-account": "bob"}) == ()


def test_tags_come_back_whatever_is_in_them(cloud: Cloud) -> None:
    value = 'a "b", c; d=e/é\\'
    made = cloud.make(VolumeSpec(cloud.name("data"), size=MIB), note=value)
    assert cloud.observe(made).tags["note"] == value


def test_tags_are_put_back_beside_those_of_others(cloud: Cloud, spec: Spec) -> None:
    made = cloud.make(spec, **{"accords-node": "pacs", "theirs": "kept"})
    changed = cloud.settled(cloud.retag(made, {"accords-node": "web", "accords-step": "lan"}))
    assert changed.tags == {**made.tags, "accords-node": "web", "accords-step": "lan"}
    assert (changed.id, changed.token, changed.state) == (made.id, made.token, State.ACTIVE)
    assert cloud.retag(changed, {"accords-node": "web"}).tags == changed.tags
    assert [each.id for each in cloud.list(**{"accords-node": "web"})] == [made.id]


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_not_there_gets_no_tags(cloud: Cloud, kind: Kind) -> None:
    with pytest.raises(NotFound):
        cloud.provider.retag(kind, cloud.token("never"), {"accords-node": "web"}, deadline=DEADLINE)


def test_what_was_given_back_is_not_found(cloud: Cloud, spec: Spec) -> None:
    token = cloud.token()
    made = cloud.make(spec, token)
    cloud.delete(made)
    with pytest.raises(NotFound):
        cloud.observe(made)
    assert cloud.provider.find(made.kind, token, deadline=DEADLINE) is None
    assert cloud.list() == ()


def test_giving_back_what_is_gone_is_fine(cloud: Cloud, spec: Spec) -> None:
    made = cloud.make(spec)
    cloud.delete(made)
    cloud.delete(made)


def test_a_token_makes_anew_after_its_thing_was_given_back(cloud: Cloud, spec: Spec) -> None:
    token = cloud.token()
    cloud.delete(cloud.make(spec, token))
    assert cloud.observe(cloud.make(spec, token)).token == token


@pytest.mark.parametrize("kind", list(Kind))
def test_what_never_was_is_not_found_and_given_back_without_complaint(cloud: Cloud, kind: Kind) -> None:
    strange = cloud.token("never")
    with pytest.raises(NotFound):
        cloud.provider.observe(kind, strange, deadline=DEADLINE)
    cloud.provider.delete(kind, strange, deadline=DEADLINE)


def test_what_is_taken_whole_is_made_found_and_given_back(cloud: Cloud) -> None:
    categories = cloud.offer().categories
    if not categories:
        pytest.skip(f"{cloud.provider.driver}: takes no node whole")
    token = cloud.token()
    made = cloud.make(ApplicationSpec(cloud.name("shop"), categories[0], "shop"), token)
    assert (made.kind, made.state) == (Kind.APPLICATION, State.ACTIVE)
    assert made.addresses
    assert cloud.provider.find(made.kind, token, deadline=DEADLINE) == made
    cloud.delete(made)
    assert cloud.provider.find(made.kind, token, deadline=DEADLINE) is None


def test_what_is_not_offered_whole_is_refused(cloud: Cloud) -> None:
    with pytest.raises(Refused):
        cloud.create(ApplicationSpec(cloud.name("shop"), "spaceship_manifest", "shop"))


def test_a_network_has_the_range_that_was_asked_for_or_a_free_one(cloud: Cloud) -> None:
    cloud.needs("range")
    asked = cloud.make(NetworkSpec(cloud.name("asked"), "10.197.250.0/24"))
    assert asked.facts["cidr"] == "10.197.250.0/24"
    first, second = (cloud.make(NetworkSpec(cloud.name(word))) for word in ("lan", "dmz"))
    ranges = [ip_network(str(each.facts["cidr"])) for each in (first, second)]
    assert not ranges[0].overlaps(ranges[1])


def test_a_volume_tells_its_size(cloud: Cloud) -> None:
    """What it was asked for; clouds that count in GiB make it larger."""
    made = cloud.make(VolumeSpec(cloud.name("data"), size=64 * MIB))
    assert made.facts["size"] in {64 * MIB, 1024 * MIB}


def test_a_firewall_may_let_nothing_in(cloud: Cloud) -> None:
    """Default deny: no rule is the strictest firewall, not a mistake."""
    cloud.needs("firewall")
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    assert cloud.make(FirewallSpec(cloud.name("closed"), (), lan.id)).state is State.ACTIVE


def test_a_firewall_takes_networks_nodes_that_do_not_exist_yet_and_all_ports(cloud: Cloud) -> None:
    cloud.needs("firewall")
    lan = cloud.make(NetworkSpec(cloud.name("lan")))
    rules = (
        Rule("tcp", 80, 90, "192.0.2.0/24"),
        Rule("udp", 53, 53, "0.0.0.0/0"),
        Rule("tcp", 0, 0, "node:not-yet"),
    )
    assert cloud.make(FirewallSpec(cloud.name("fw"), rules, lan.id)).state is State.ACTIVE


def test_of_what_is_immediate_nothing_is_left_when_delete_returns(cloud: Cloud, spec: Spec) -> None:
    """Nobody looks whether it has gone."""
    if KINDS[type(spec)] not in cloud.provider.immediate:
        pytest.skip(f"{cloud.provider.driver}: what is given back is looked at")
    made = cloud.make(spec)
    cloud.provider.delete(made.kind, made.id, deadline=DEADLINE)
    assert isinstance(surely(lambda: cloud.provider.observe(made.kind, made.id, deadline=DEADLINE)), NotFound)


def test_what_a_driver_does_not_give_is_refused_and_not_offered(cloud: Cloud) -> None:
    missing = lacking(cloud.provider)
    assert (Ability.FIREWALLS in cloud.offer().abilities) is ("firewall" not in missing)
    for what, spec in {
        "firewall": FirewallSpec(cloud.name("fw")),
        "snapshot": SnapshotSpec(cloud.name("snap"), cloud.token()),
    }.items():
        if what in missing:
            assert isinstance(surely(lambda spec=spec: cloud.create(spec)), Refused)


def test_a_volume_of_nothing_is_refused(cloud: Cloud) -> None:
    with pytest.raises(Refused):
        cloud.create(VolumeSpec(cloud.name("none"), size=0))


@pytest.mark.parametrize("deadline", [0.0, -1.0])
def test_a_call_without_time_is_retryable_and_unavailable_means_that_nothing_was_made(
    cloud: Cloud, deadline: float
) -> None:
    spec = NetworkSpec(cloud.name("late"))
    error = surely(lambda: cloud.provider.create(spec, token=cloud.token(), tags=cloud.tags, deadline=deadline))
    assert isinstance(error, Unavailable | Ambiguous)
    assert isinstance(error, Ambiguous) or cloud.list() == ()


CALLS: dict[str, Callable[[Cloud, float], object]] = {
    "offers": lambda cloud, deadline: cloud.provider.offers(deadline=deadline),
    "create": lambda cloud, deadline: cloud.provider.create(
        NetworkSpec(cloud.name("hurry")), token=cloud.token(), tags=cloud.tags, deadline=deadline
    ),
    "find": lambda cloud, deadline: cloud.provider.find(Kind.NETWORK, cloud.token(), deadline=deadline),
    "observe": lambda cloud, deadline: cloud.provider.observe(Kind.NETWORK, "never-was", deadline=deadline),
    "delete": lambda cloud, deadline: cloud.provider.delete(Kind.NETWORK, "never-was", deadline=deadline),
    "list": lambda cloud, deadline: cloud.provider.list(cloud.tags, deadline=deadline),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("deadline", [0.000001, 0.001])
def test_a_call_in_a_hurry_answers_or_raises_an_error_of_ours(
    cloud: Cloud, call: Callable[[Cloud, float], object], deadline: float
) -> None:
    with suppress(ProviderError):
        call(cloud, deadline)


def test_an_error_names_the_provider(cloud: Cloud) -> None:
    error = surely(lambda: cloud.provider.observe(Kind.MACHINE, "never-was", deadline=DEADLINE))
    assert isinstance(error, NotFound)
    assert error.provider == cloud.provider.name
    assert "never-was" in error.message


@pytest.mark.parametrize("id", ["", "../..", "a b", "x/y", "?action=stop", "%00", "ü", "a" * 300])
def test_a_strange_id_is_not_found_and_touches_nothing(cloud: Cloud, id: str) -> None:
    """No foreign exception crosses the driver's edge, whatever the id holds."""
    kept = cloud.make(NetworkSpec(cloud.name("lan")))
    error = surely(lambda: cloud.provider.observe(Kind.NETWORK, id, deadline=DEADLINE))
    assert isinstance(error, NotFound | Refused)
    _delete_or_refuse(cloud, id)
    assert cloud.observe(kept) == kept


def _id_or_conflict(cloud: Cloud, spec: Spec, token: str) -> str | None:
    try:
        return cloud.create(spec, token).id
    except Conflict:
        return None


def _delete_or_refuse(cloud: Cloud, id: str) -> None:
    try:
        cloud.provider.delete(Kind.NETWORK, id, deadline=DEADLINE)
    except ProviderError as error:
        assert isinstance(error, NotFound | Refused)
