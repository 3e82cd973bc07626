from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.local import names
from providers.protocol import Kind


@given(st.text(), st.sampled_from(list(Kind)), st.integers(0, 9))
def test_every_device_name_fits_what_the_kernel_takes(token: str, kind: Kind, index: int) -> None:
    id = names.identity("acc", kind, token)
    assert len(names.device(id, index)) <= 15
    assert names.device(id, index).isalnum()
    assert names.device(id, index).isascii()


def test_the_same_token_gives_the_same_name_and_each_kind_its_own() -> None:
    found = {names.identity("acc", kind, "token") for kind in Kind}
    assert len(found) == len(Kind)
    assert names.identity("acc", Kind.MACHINE, "token") in found


def test_hardware_addresses_are_local_and_unicast() -> None:
    first = int(names.hardware_address("accm", 0).split(":")[0], 16)
    assert first & 0b11 == 0b10


@given(st.text(), st.sampled_from(list(Kind)))
def test_what_is_given_is_known_again_and_nothing_that_could_be_a_path(token: str, kind: Kind) -> None:
    assert names.is_identity("acc", kind, names.identity("acc", kind, token))
    assert not names.is_identity("acc", kind, f"{names.identity('acc', kind, token)}/..")
    assert not names.is_identity("acc", kind, token)
