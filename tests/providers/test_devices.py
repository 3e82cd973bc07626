"""What a machine sees its volumes as: a text that says it of each, and nothing of others."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from providers import devices

WORDS = st.text(string.ascii_letters + string.digits + "-_./", min_size=1, max_size=40)


@given(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=4)))
def test_each_volume_has_its_own_names_in_their_order(seen: Mapping[str, Sequence[str]]) -> None:
    fact = devices.told(seen).get(devices.FACT, "")
    assert {id: list(devices.names(fact, id)) for id in seen} == seen
    assert devices.names(fact, "another volume") == ()


def test_a_machine_without_volumes_says_nothing() -> None:
    assert devices.told({}) == {}


def test_virtio_shows_twenty_bytes_of_a_serial_number() -> None:
    short, *whole = devices.by_serial("8cce64fe-d0cb-5be0-9d46-670961d81cb3")
    assert short == "disk/by-id/virtio-8cce64fe-d0cb-5be0-9"
    assert all(each.endswith("8cce64fe-d0cb-5be0-9d46-670961d81cb3") for each in whole)
