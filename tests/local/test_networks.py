from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Quota, Refused
from providers.local.networks import accept, choose, choose_address
from providers.local.things import Machine, Network, Port
from providers.protocol import MachineSpec, NetworkSpec

POOL = IPv4Network("10.199.0.0/16")
SMALL = Network("accn", "n", {}, NetworkSpec("lan"), "10.199.0.0/28")


def test_the_first_free_network_of_the_pool_is_taken() -> None:
    taken = [IPv4Network("10.199.0.0/24"), IPv4Network("10.199.1.128/25")]
    assert choose(POOL, taken) == IPv4Network("10.199.2.0/24")


@given(st.sets(st.integers(0, 255), max_size=255))
def test_a_chosen_network_overlaps_nothing_taken(numbers: set[int]) -> None:
    taken = [IPv4Network(f"10.199.{number}.0/24") for number in numbers]
    assert not any(choose(POOL, taken).overlaps(other) for other in taken)


def test_a_full_pool_says_so() -> None:
    with pytest.raises(Quota, match="widen"):
        choose(POOL, [POOL])


@pytest.mark.parametrize("wanted", ["nonsense", "10.0.0.0/30", "10.199.5.0/24", "fd00::/64"])
def test_a_network_that_cannot_be_given_is_refused(wanted: str) -> None:
    with pytest.raises(Refused):
        accept(wanted, [IPv4Network("10.199.5.0/24")])


def test_addresses_are_given_once_and_never_the_last() -> None:
    machines: list[Machine] = []
    for number in range(10, 15):
        address = choose_address(SMALL, machines)
        assert str(address) == f"10.199.0.{number}"
        port = Port(SMALL.id, "d", "m", str(address))
        machines.append(Machine(f"m{number}", "t", {}, MachineSpec("m", "m", "linux"), (port,)))
    with pytest.raises(Quota):
        choose_address(SMALL, machines)
