"""SSH keys that an account keeps by name, and the nodes of its manifests that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.errors import Clash, Invalid, InvalidDocument
from broker.hooks import keys
from broker.hooks.keys import FINGERPRINT, KIND, PUBLIC
from broker.worker import chores, drifting
from broker.worker.observing import Observing
from providers.fake import Knobs
from providers.protocol import Ability, KeySpec, Kind, MachineSpec, Resource, Spec
from tests.operations.house import House, User
from tests.operations.stage import PAIR

OPS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL3pGFlx7f4OJ0gXzZ1QkXc5N1oWJmQ4m0bq3dHn3v5d ann@ward"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA bob@lab"
ALL = PAIR.replace('name="pair"', 'name="pair" key="ops"')
ONE = PAIR.replace('<node name="web"', '<node name="web" key="ops"')


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(drifting, "SETTLE", 0)
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    found = User(house.client("ann", "ward"))
    keep(found, "ops", OPS)
    return found


@pytest.fixture
def asked(house: House, monkeypatch: pytest.MonkeyPatch) -> list[Spec]:
    """What the provider is asked to make."""
    found: list[Spec] = []
    create = house.cloud.create

    def seen(spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        found.append(spec)
        return create(spec, token=token, tags=tags, deadline=deadline)

    monkeypatch.setattr(house.cloud, "create", seen)
    return found


def keep(who: User, name: str, public: str) -> Any:
    said = {"kind": KIND, "title": name, "attributes": {PUBLIC: public}}
    return who.client.post("cloud", "/key/", said)


def without_keys(house: House) -> None:
    house.cloud.turn_knobs(replace(Knobs(), abilities=Knobs().abilities - {Ability.KEYS}))
    chores.refresh_offers(house.tools)


def there(house: House, kind: Kind) -> list[Resource]:
    return [each for each in house.cloud.list({}, deadline=5) if each.kind is kind]


def test_a_manifests_key_is_made_once_at_the_provider_and_every_machine_is_made_with_it(
    house: House, ann: User, asked: list[Spec]
) -> None:
    service = ann.up(ALL)
    house.work()
    assert ann.state(service) == "active"
    (key,) = [each for each in asked if isinstance(each, KeySpec)]
    assert (key.name, key.public_key) == ("pair-ops", OPS)
    (made,) = there(house, Kind.KEY)
    assert {each.key for each in asked if isinstance(each, MachineSpec)} == {made.id}
    ann.client.post("service", f"/service/{service}", RELEASE, action="release")
    house.work()
    assert house.cloud.list({}, deadline=5) == ()


def test_a_nodes_own_key_is_its_own(house: House, ann: User, asked: list[Spec]) -> None:
    ann.up(ONE)
    house.work()
    assert [(each.name, each.key is not None) for each in asked if isinstance(each, MachineSpec)] in (
        [("pair-db", False), ("pair-web", True)],
        [("pair-web", True), ("pair-db", False)],
    )


def test_where_a_provider_knows_no_keys_it_goes_with_the_user_data(house: House, ann: User, asked: list[Spec]) -> None:
    without_keys(house)
    service = ann.up(ALL)
    house.work()
    assert (ann.state(service), there(house, Kind.KEY)) == ("active", [])
    for each in asked:
        if isinstance(each, MachineSpec):
            found = yaml.safe_load(each.user_data)
            assert (each.key, found["ssh_authorized_keys"]) == (None, [OPS])
            assert found["users"][1]["ssh_authorized_keys"] == [OPS]


def test_the_plan_shows_it(ann: User) -> None:
    listing = ann.plan(ann.post_document(ALL)["location"])["attributes"]["org.accords.listing"]
    assert "paris.key.ops = create key/ops on paris" in listing
    assert "from" in next(line for line in listing.splitlines() if line.startswith("db.0.machine"))


def test_a_key_that_the_account_does_not_have_is_said_at_the_node(ann: User) -> None:
    with pytest.raises(InvalidDocument) as refused:
        ann.plan(ann.post_document(PAIR.replace('<node name="web"', '<node name="web" key="opps"'))["location"])
    (told,) = refused.value.fields["diagnostics"]  # type: ignore[misc]
    assert (told["code"], told["line"] > 1, "ops" in told["hint"]) == ("no-key", True, True)


def test_keys_are_an_accounts_own(house: House, ann: User) -> None:
    bob = User(house.client("bob", "lab"))
    with pytest.raises(InvalidDocument):
        bob.plan(bob.post_document(ALL)["location"])
    keep(bob, "ops", OTHER)
    assert "paris.key.ops" in bob.plan(bob.post_document(ALL)["location"])["attributes"]["org.accords.listing"]


def test_a_name_is_one_keys_and_the_same_key_again_is_that_key(ann: User) -> None:
    again = keep(ann, "ops", f"  {OPS}\n")
    assert again["attributes"][FINGERPRINT] == keys.fingerprint(OPS)
    assert len(ann.client.get("cloud", "/key/")["resources"]) == 1
    with pytest.raises(Clash, match="another key ops"):
        keep(ann, "ops", OTHER)


@pytest.mark.parametrize(
    "public",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-rsa " + OPS.split()[1],
        f'command="rm -rf /" {OPS}',
        f"{OPS}\n{OTHER}",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_not_kept(ann: User, public: str) -> None:
    with pytest.raises(Invalid, match="key"):
        keep(ann, "bad", public)


def test_a_key_that_is_gone_at_the_cloud_is_made_anew_and_no_machine_with_it(house: House, ann: User) -> None:
    service = ann.up(ALL)
    house.work()
    machines = {each.id for each in there(house, Kind.MACHINE)}
    (key,) = there(house, Kind.KEY)
    house.cloud.lose(Kind.KEY, key.id)
    Observing(house.tools, house.installation.id).turn("paris")
    report = ann.report(service)
    assert [each["step"] for each in report["drift"]] == ["paris.key.ops"]
    assert report["service"]["state"] == "active"
    ann.client.post("service", f"/services/{service}/repair", {"how": "repair"})
    house.work()
    assert {each.id for each in there(house, Kind.MACHINE)} == machines
    assert len(there(house, Kind.KEY)) == 1


RELEASE = {
    "action": "http://schemas.accords.org/occi/service/action#release",
    "attributes": {"volumes": True},
}
