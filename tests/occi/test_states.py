"""One table for the three vocabularies of state."""

from __future__ import annotations

import pytest

from broker.occi.kinds import registry
from broker.occi.lifecycle import CYCLES
from broker.occi.model import CORDS, INFRASTRUCTURE
from broker.occi.states import STATES, Cords, words
from providers.protocol import State


def test_every_state_a_provider_observes_has_words() -> None:
    assert STATES["machine"].keys() == set(State)


def test_every_state_of_a_service_has_words() -> None:
    cycle = CYCLES[f"{CORDS}service"]
    assert {*cycle.edges, *(after for edges in cycle.edges.values() for after in edges.values())} <= STATES[
        "service"
    ].keys()


def test_the_occi_words_are_the_values_of_a_computes_state() -> None:
    allowed = registry("cloud").definitions(f"{INFRASTRUCTURE}compute")["occi.compute.state"].values
    assert {each.occi for states in STATES.values() for each in states.values()} == set(allowed)


def test_the_contract_table_uses_the_cords_integers() -> None:
    integers = {str(each.cords.value) for each in STATES["contract"].values()}
    assert set(CYCLES[f"{CORDS}contract"].edges) < integers == {str(each.value) for each in Cords}


@pytest.mark.parametrize(
    ("subject", "state", "said"),
    [
        ("service", "active", (1, "active", "active")),
        ("service", "failed", (4, "error", "failed")),
        ("machine", "pending", (8, "inactive", "starting")),
        ("contract", "suspended", (2, "suspended", "suspended")),
    ],
)
def test_a_state_is_said_three_ways(subject: str, state: str, said: tuple[int, str, str]) -> None:
    found = words(subject, state)
    assert (found.cords, found.occi, found.shown) == said
