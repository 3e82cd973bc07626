"""A node of the demo that somebody deletes by hand: seen, made anew with its volume, and everything works again."""

from __future__ import annotations

import json

import pytest

from providers.protocol import Kind
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.installation import until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]


def drift(pacs: Pacs) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(pacs.here.accords("drift", SERVICE, "--json").stdout)["differences"]
    return found


def test_a_node_that_was_deleted_by_hand_is_repaired_and_what_was_stored_is_found_again(pacs: Pacs) -> None:
    stored = pacs.store()
    before = pacs.here.machines()
    node = min(before)
    pacs.here.cloud.delete(Kind.MACHINE, before[node].id, deadline=60)
    until(lambda: [each["aspect"] for each in drift(pacs)] == ["gone"], "the loss is seen")
    assert pacs.here.state(SERVICE) == "failed"
    pacs.here.told("repair", SERVICE, "--yes", "--wait")
    assert pacs.here.state(SERVICE) == "active"
    after = pacs.here.machines()
    assert after.keys() == before.keys()
    assert [name for name in after if after[name].id != before[name].id] == [node]
    until(pacs.answers, "the archive answers")
    assert {patient: pacs.find(patient) for patient in stored} == stored
    until(lambda: drift(pacs) == [], "nothing differs")
