"""Many who wait at one cloud ask it once a second for all, and never believe what was asked before their own change."""

from __future__ import annotations

import threading

import pytest

from broker.verbs.looks import BY_ITSELF, BY_LIST, Looks, pause
from providers import open_provider
from providers.errors import NotFound, Unavailable
from providers.fake.driver import Fake
from providers.fake.knobs import Trouble
from providers.protocol import Kind, NetworkSpec, Resource

TAGS = {"accords-installation": "one"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cloud() -> Fake:
    found = open_provider("paris", "fake", {})
    assert isinstance(found, Fake)
    return found


def make(cloud: Fake, name: str) -> Resource:
    return cloud.create(NetworkSpec(name), token=name, tags=TAGS, deadline=5)


def calls(cloud: Fake, method: str) -> int:
    return [each.method for each in cloud.calls()].count(method)


def test_many_looks_in_a_second_are_one_list(cloud: Fake) -> None:
    clock = Clock()
    looks = Looks(clock)
    made = [make(cloud, f"n{each}") for each in range(20)]
    for second in range(3):
        clock.now = second * BY_LIST
        for each in made:
            assert looks.look(cloud, Kind.NETWORK, each.id, TAGS, 5) == each
    assert (calls(cloud, "list"), calls(cloud, "observe")) == (3, 0)


def test_what_a_list_does_not_have_is_asked_for_by_itself_and_only_that_says_it_is_gone(cloud: Fake) -> None:
    looks = Looks(Clock())
    first = make(cloud, "first")
    looks.look(cloud, Kind.NETWORK, first.id, TAGS, 5)
    late = make(cloud, "late")
    assert looks.look(cloud, Kind.NETWORK, late.id, TAGS, 5) == late
    with pytest.raises(NotFound):
        looks.look(cloud, Kind.NETWORK, "never", TAGS, 5)
    assert (calls(cloud, "list"), calls(cloud, "observe")) == (1, 2)


def test_a_list_that_fails_is_no_answer_and_is_asked_for_again(cloud: Fake) -> None:
    looks = Looks(Clock())
    made = make(cloud, "one")
    cloud.trouble(Trouble("fail", call="list"))
    with pytest.raises(Unavailable):
        looks.look(cloud, Kind.NETWORK, made.id, TAGS, 5)
    assert looks.look(cloud, Kind.NETWORK, made.id, TAGS, 5) == made


def test_a_list_is_enough_to_say_that_what_was_given_back_has_gone(cloud: Fake) -> None:
    clock = Clock()
    looks = Looks(clock)
    made = [make(cloud, f"n{each}") for each in range(20)]
    assert not any(looks.gone(cloud, Kind.NETWORK, each.id, TAGS, 5) for each in made)
    for each in made:
        cloud.delete(Kind.NETWORK, each.id, deadline=5)
    clock.now = BY_LIST
    assert all(looks.gone(cloud, Kind.NETWORK, each.id, TAGS, 5) for each in made)
    assert (calls(cloud, "list"), calls(cloud, "observe")) == (2, 0)


def test_threads_wait_for_one_list(cloud: Fake) -> None:
    looks, made = Looks(Clock()), [make(cloud, f"n{each}") for each in range(16)]
    seen: list[Resource] = []
    threads = [
        threading.Thread(target=lambda id=each.id: seen.append(looks.look(cloud, Kind.NETWORK, id, TAGS, 5)))
        for each in made
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each.id for each in seen) == sorted(each.id for each in made)
    assert calls(cloud, "list") == 1


def test_where_a_look_costs_nothing_each_thing_is_looked_at_by_itself(cloud: Fake) -> None:
    cloud.lists = False
    made = make(cloud, "one")
    assert Looks().look(cloud, Kind.NETWORK, made.id, TAGS, 5) == made
    assert not Looks().gone(cloud, Kind.NETWORK, made.id, TAGS, 5)
    assert Looks().gone(cloud, Kind.NETWORK, "never", TAGS, 5)
    assert (calls(cloud, "list"), pause(cloud)) == (0, BY_ITSELF)
