"""How the broker comes to nodes that cannot call: keys, what user-data and firewalls get, which ways are held."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest
import yaml
from pydantic import ValidationError

from broker.agent import keys, userdata
from broker.settings import ProviderSettings, Settings, SshSettings
from broker.verbs.specs import called_into
from broker.worker import tunnels
from providers.protocol import FirewallSpec, MachineSpec, Rule
from tests.operations.stage import Stage


def called(*, only: bool) -> userdata.Called:
    return userdata.Called(keys.of_service("key", "s"), keys.of_host("key", "token"), "root", only=only)


def test_keys_follow_from_the_installation_and_are_told_apart() -> None:
    assert keys.of_service("key", "one") == keys.of_service("key", "one")
    made = {keys.of_service("key", "one"), keys.of_service("key", "two"), keys.of_service("other", "one")}
    assert len({each.public for each in (*made, keys.of_host("key", "one"))}) == 4
    pair = keys.of_host("key", "token")
    public = asyncssh.import_private_key(pair.private).export_public_key("openssh").decode().strip()
    assert public == pair.public


def test_a_key_of_a_service_opens_one_way_and_no_shell(tmp_path: Path) -> None:
    text = userdata.render(Settings(home=tmp_path), node="n", token="t", called=called(only=True))
    (line,) = (line.strip() for line in text.splitlines() if keys.of_service("key", "s").public in line)
    assert line.startswith('restrict,port-forwarding,permitlisten="127.0.0.1:8286"')
    assert 'command="false"' in line


@pytest.mark.parametrize(("only", "addresses"), [(True, ["127.0.0.1"]), (False, ["10.198.0.1", "127.0.0.1"])])
def test_user_data_tells_the_agent_where_the_door_may_be(tmp_path: Path, only: bool, addresses: list[str]) -> None:
    text = userdata.render(Settings(home=tmp_path), node="n" * 60, token="t" * 64, called=called(only=only))
    assert userdata.parse(text).config["addresses"] == addresses
    assert len(text.encode()) < userdata.LIMIT
    assert yaml.safe_load(text)["ssh_keys"]["ed25519_private"] == keys.of_host("key", "token").private
    assert keys.of_service("key", "s").private not in text


def test_firewalls_let_ssh_in_from_where_it_comes_and_machines_have_what_listens() -> None:
    ssh = SshSettings(source="192.0.2.0/24", via="node:gate", packages=("openssh-server",))
    firewall = FirewallSpec("f", (Rule("tcp", 80, 80, "0.0.0.0/0"),))
    assert called_into(firewall, ssh, "gate").rules[1:] == (Rule("tcp", 22, 22, "192.0.2.0/24"),)  # type: ignore[union-attr]
    assert called_into(firewall, ssh, "inner").rules[1:] == (Rule("tcp", 22, 22, "node:gate"),)  # type: ignore[union-attr]
    machine = called_into(MachineSpec("m", "m", "linux", packages=("curl",)), ssh, "inner")
    assert machine.packages == ("curl", "openssh-server")  # type: ignore[union-attr]


def test_a_machine_between_is_believed_only_by_its_key() -> None:
    with pytest.raises(ValidationError, match="nobody unknown is believed"):
        SshSettings(via="ops@192.0.2.7:2222")
    assert ProviderSettings(driver="fake", latency=1).options == {"latency": 1}


def test_a_service_where_nobody_is_dialled_is_not_read_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker asks every second."""
    read: list[str] = []
    monkeypatch.setattr(tunnels, "job_of", lambda tx, installation, operation, service: read.append(service.id))
    monkeypatch.setattr(tunnels, "_ways", lambda job, settings, key: {})
    for number, reach in enumerate(("home", "ssh")):
        (tmp_path / reach).mkdir()
        own = {name: ProviderSettings(driver="fake", reach=way) for name, way in (("paris", reach), ("lyon", "ssh"))}
        stage = Stage(tmp_path / reach, own={"providers": own})
        stage.submit()
        stage.work()
        with stage.store.read() as tx:
            tunnels.wanted(tx, stage.settings, stage.installation, "key", ())
        assert len(read) == number
        stage.store.close()
