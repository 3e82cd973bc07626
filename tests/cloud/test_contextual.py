"""A key and user data become one text that cloud-init understands; what kind each is shows by how it begins."""

from __future__ import annotations

import base64
import email

import pytest
import yaml
from hypothesis import given, strategies

from broker.errors import Invalid
from broker.hooks.contextual import DATA, KEY, KINDS, OLD_DATA, OLD_KEY, decoded, user_data
from broker.occi import kinds
from broker.templates import COMPUTE


def test_nothing_given_is_nothing() -> None:
    assert user_data({}) == ""


def test_a_key_alone_is_cloud_config_for_the_usual_user_and_root() -> None:
    text = user_data({KEY: "ssh-ed25519 AAAA ann"})
    assert text.startswith("#cloud-config\n")
    found = yaml.safe_load(text)
    assert found["ssh_authorized_keys"] == ["ssh-ed25519 AAAA ann"]
    assert found["users"][1]["ssh_authorized_keys"] == ["ssh-ed25519 AAAA ann"]


@pytest.mark.parametrize("text", ["#!/bin/sh\necho hello\n", "#cloud-config\nbootcmd: [id]\n"])
def test_data_alone_goes_as_it_came_encoded_or_not(text: str) -> None:
    assert user_data({DATA: text}) == text
    assert user_data({DATA: base64.b64encode(text.encode()).decode()}) == text


@pytest.mark.occi("INF-34")
@pytest.mark.parametrize(("start", "kind"), KINDS.items())
def test_both_are_parts_of_one_message_each_of_its_kind(start: str, kind: str) -> None:
    whole = email.message_from_string(user_data({KEY: "ssh-ed25519 AAAA", DATA: f"{start}\nthe rest"}))
    assert [part.get_content_subtype() for part in whole.walk()] == ["mixed", "cloud-config", kind]


@pytest.mark.parametrize("data", [base64.b64encode(b"\xff\xfe").decode(), "x" * 20_000 + "!"])
def test_what_is_no_text_or_too_much_is_refused(data: str) -> None:
    with pytest.raises(Invalid):
        user_data({DATA: data})


@given(strategies.text(max_size=200))
def test_whatever_is_encoded_comes_out_as_it_was(text: str) -> None:
    assert decoded(base64.b64encode(text.encode()).decode()) == text


@pytest.mark.occi("INF-34")
def test_clients_of_occi_1_1_use_the_mixins_of_openstack_in_its_mode() -> None:
    registry = kinds.registry("cloud", compatible=True)
    for mixin in ("compute/instance#user_data", "instance/credentials#public_key"):
        assert registry.applies(registry.mixin(f"http://schemas.openstack.org/{mixin}"), COMPUTE)
        assert f"http://schemas.openstack.org/{mixin}" not in kinds.registry("cloud").mixins
    assert not kinds.registry("node", compatible=True).mixins
    assert user_data({OLD_DATA: base64.b64encode(b"#!/bin/sh\n").decode()}) == "#!/bin/sh\n"
    assert "ssh-ed25519 AAAA" in user_data({OLD_KEY: "ssh-ed25519 AAAA"})
