"""What a service's states offer over OCCI is what its operations allow: two tables, written for two readers."""

from __future__ import annotations

import pytest

from broker.occi.lifecycle import CYCLES
from broker.occi.model import CORDS
from broker.phases import CAN
from broker.store.operations import ALLOWED

EDGES = CYCLES[CORDS + "service"].edges


@pytest.mark.parametrize("state", sorted(EDGES))
def test_no_action_is_offered_that_the_store_would_refuse(state: str) -> None:
    assert {action for action in EDGES[state] if action != "cancel" and state not in ALLOWED[action]} == set()


@pytest.mark.parametrize("state", sorted(CAN))
def test_what_a_report_says_can_be_done_is_offered(state: str) -> None:
    by_its_plan = {"repair", "resize"}  # whoever asks names the plan that was shown: no OCCI action has a place for it
    assert set(CAN[state]) - by_its_plan <= set(EDGES[state])
