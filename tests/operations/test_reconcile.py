"""What is against what should be, as values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.reconcile import Aspect, Desired, Known, Observed, Wanted, orphans, reconcile, strays
from providers.protocol import Kind, Resource, State

STATES = st.sampled_from([*State, None])


def machine(identifier: str, state: State) -> Resource:
    return Resource(Kind.MACHINE, identifier, identifier, state)


def observed(states: dict[str, State | None], at: int = 100) -> dict[str, Observed]:
    found = {(Kind.MACHINE, name): machine(name, state) for name, state in states.items() if state}
    return {"paris": Observed("paris", at, found)}


def desired(*names: str, state: str = "active", changed: int = 50) -> Desired:
    wanted = {"active": State.ACTIVE, "stopped": State.STOPPED}[state]
    things = {f"{name}.0.machine": Wanted("paris", Kind.MACHINE, name, wanted) for name in names}
    return Desired("s", state, things, changed)


@given(st.dictionaries(st.sampled_from("abc"), STATES, min_size=1))
def test_every_machine_that_is_not_as_it_should_be_is_named_and_no_other(states: dict[str, State | None]) -> None:
    report = reconcile(desired(*states), observed(states), now=200)
    if State.PENDING in states.values():
        assert report is None
        return
    assert report is not None
    named = {each.thing.partition(".")[0] for each in report.differences}
    assert named == {name for name, state in states.items() if state is not State.ACTIVE}
    assert (report.state == "active") == (not named)


def test_all_stopped_is_stopped_and_some_stopped_is_failed() -> None:
    all_stopped = reconcile(desired("a", "b"), observed({"a": State.STOPPED, "b": State.STOPPED}), now=200)
    one_stopped = reconcile(desired("a", "b"), observed({"a": State.ACTIVE, "b": State.STOPPED}), now=200)
    assert all_stopped is not None
    assert one_stopped is not None
    assert (all_stopped.state, one_stopped.state) == ("stopped", "failed")
    assert str(one_stopped.differences[0]) == "b.0 is stopped and should be active"


def test_what_was_seen_before_a_change_says_nothing_about_it() -> None:
    assert reconcile(desired("a", changed=150), observed({"a": None}, at=100), now=200) is None


def test_a_service_is_left_alone_for_a_while_after_a_change() -> None:
    assert reconcile(desired("a", changed=90), observed({"a": None}, at=100), now=110, settle=50) is None


def test_orphans_go_in_an_order_in_which_nothing_is_refused() -> None:
    tags = {"accords-service": "old"}
    things = [Resource(kind, kind.value, kind.value, State.ACTIVE, tags=tags) for kind in Kind]
    found = Observed("paris", 100, {(each.kind, each.id): each for each in things})
    kinds = [each.kind for each in orphans(found, {"old"}, {(Kind.VOLUME, "volume"), (Kind.SNAPSHOT, "snapshot")})]
    assert kinds == [Kind.ADDRESS, Kind.APPLICATION, Kind.MACHINE, Kind.FIREWALL, Kind.KEY, Kind.NETWORK]


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_a_stray_is_what_nobody_knows_and_nobody_is_making(there: set[str], known: set[str], making: set[str]) -> None:
    things = {(Kind.VOLUME, name): Resource(Kind.VOLUME, name, name, State.ACTIVE, token=name) for name in there}
    mine = frozenset((Kind.VOLUME, name) for name in known)
    found = strays(Observed("paris", 100, things), Known(mine, frozenset(making)))
    assert {each.id for each in found} == there - known - making


def test_a_machine_is_a_stray_though_a_network_of_its_number_is_known() -> None:
    """Some clouds number each kind by itself."""
    things = {(kind, "3"): Resource(kind, "3", kind.value, State.ACTIVE) for kind in (Kind.MACHINE, Kind.NETWORK)}
    found = strays(Observed("paris", 100, things), Known(frozenset({(Kind.NETWORK, "3")})))
    assert [each.kind for each in found] == [Kind.MACHINE]


def sized(cores: int, **tags: str) -> Wanted:
    return Wanted("paris", Kind.MACHINE, "a", size={"cores": cores, "memory": 8}, tags=tags)


@given(st.integers(1, 3), st.integers(1, 3))
def test_a_size_differs_in_the_facts_that_a_provider_tells(wanted: int, seen: int) -> None:
    facts = Resource(Kind.MACHINE, "a", "a", State.ACTIVE, facts={"cores": seen})
    report = reconcile(
        Desired("s", "active", {"a.0.machine": sized(wanted)}, 50),
        {"paris": Observed("paris", 100, {(Kind.MACHINE, "a"): facts})},
        now=200,
    )
    assert report is not None
    assert [(each.wanted, each.seen) for each in report.differences] == (
        [] if wanted == seen else [(f"cores={wanted}", f"cores={seen}")]
    )
    assert (report.state, report.error) == ("active", None)


def test_a_tag_that_somebody_took_is_named_and_the_service_runs_on() -> None:
    things = {"a.0.machine": sized(1, **{"accords-node": "a", "accords-step": "a.0.machine"})}
    tags = {"accords-step": "a.0.machine", "mine": "yes"}
    seen = Resource(Kind.MACHINE, "a", "a", State.ACTIVE, tags=tags)
    report = reconcile(
        Desired("s", "active", things, 50),
        {"paris": Observed("paris", 100, {(Kind.MACHINE, "a"): seen})},
        now=200,
    )
    assert report is not None
    (one,) = report.differences
    assert (one.aspect, one.wanted, one.seen) == (Aspect.TAGS, "accords-node=a", "accords-node=")
    assert report.state == "active"


def test_a_volume_that_is_gone_makes_a_failed_service() -> None:
    things = {"a.0.volume.data": Wanted("paris", Kind.VOLUME, "v")}
    report = reconcile(Desired("s", "active", things, 50), {"paris": Observed("paris", 100, {})}, now=200)
    assert report is not None
    assert (report.state, str(report.differences[0])) == ("failed", "a.0.volume.data is gone and should be active")
