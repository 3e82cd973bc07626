"""What is Azure's own in the azure driver: tokens, throttling, parts of things, and what each call asks for. The
promises that it keeps as every driver does are in the contract suite."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from providers import Provider, open_provider
from providers.azure.errors import meant
from providers.azure.keys import nobodys
from providers.azure.networks import own_range
from providers.azure.options import Options
from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.protocol import (
    Action,
    AddressSpec,
    Attachment,
    FirewallSpec,
    Kind,
    NetworkSpec,
    OfferedSize,
    Resource,
    Rule,
    SnapshotSpec,
    State,
    VolumeSpec,
)
from tests.providers.cloud import DEADLINE, Cloud, surely
from tests.providers.targets import azure_options
from tests.stands.azure import NO_CAPACITY, THROTTLED, Cut, Fault, Stand

GIB = 1024**3
COMPUTE, NETWORK = "Microsoft.Compute", "Microsoft.Network"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path, usual=0.01, pages=3) as found:
        yield found


@pytest.fixture
def cloud(stand: Stand) -> Iterator[Cloud]:
    provider = open_provider("west", "azure", azure_options(stand))
    yield Cloud(provider)
    provider.close()


@pytest.fixture
def lan(cloud: Cloud) -> Resource:
    return cloud.make(NetworkSpec(cloud.name("lan")))


def asked(stand: Stand) -> list[str]:
    """What was asked for so far, tokens left out, as `PUT virtualNetworks`."""
    found = []
    for each in stand.exchanges:
        words = each.request.path.split("/providers/")[-1].split("/")
        if "oauth2" not in each.request.path and "openid" not in each.request.path:
            found.append(f"{each.request.method} {words[1] if len(words) > 1 else words[0]}")
    return found


def test_user_data_reach_the_machine_whole_as_custom_data(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    text = "#cloud-config\nruncmd: ['echo ü']\n" + "#" * 20000
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,), user_data=text))
    assert stand.custom_data(machine.id) == text


def test_user_data_that_azure_cannot_take_are_refused_before_anything_is_made(cloud: Cloud, lan: Resource) -> None:
    with pytest.raises(Refused, match="65536"):
        cloud.create(cloud.machine_spec(networks=(lan.id,), user_data="x" * 70000))
    assert [each.kind for each in cloud.list()] == [Kind.NETWORK]


def test_a_token_that_ended_is_renewed_once_and_the_request_sent_again(cloud: Cloud, stand: Stand) -> None:
    cloud.list()
    stand.login.revoke()
    before = stand.login.given
    cloud.list()
    assert stand.login.given == before + 1


def test_a_secret_that_is_wrong_is_an_auth_error_that_says_so(cloud: Cloud, stand: Stand) -> None:
    stand.login.secret = "another"
    error = surely(cloud.list)
    assert isinstance(error, Auth)
    assert "AADSTS7000215" in error.message
    assert "another" not in error.message


def test_a_missing_right_is_an_auth_error_and_check_says_which_role_is_needed(cloud: Cloud, stand: Stand) -> None:
    stand.faults.add(Fault(path="virtualMachines", times=2, status=403, code="AuthorizationFailed", message="no right"))
    assert isinstance(surely(cloud.list), Auth)
    problem = cloud.provider.check(deadline=DEADLINE)[0]
    assert "Contributor" in problem.mend


def test_a_group_that_is_not_there_is_refused_and_never_an_empty_list(cloud: Cloud, stand: Stand) -> None:
    stand.world.groups.clear()
    for call in (cloud.list, lambda: cloud.provider.observe(Kind.NETWORK, "accords-x", deadline=DEADLINE)):
        assert isinstance(surely(call), Refused)
    assert "az group create" in cloud.provider.check(deadline=DEADLINE)[0].mend


def test_throttling_carries_the_delay_that_azure_gives(cloud: Cloud, stand: Stand) -> None:
    stand.faults.add(replace(THROTTLED, path="disks"))
    error = surely(cloud.list)
    assert isinstance(error, Throttled)
    assert error.delay == 17.0


def test_a_quota_is_told_with_its_numbers_and_leaves_nothing(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    stand.world.catalog.limits["cores"] = 0
    error = surely(lambda: cloud.create(cloud.machine_spec(networks=(lan.id,))))
    assert isinstance(error, Quota)
    assert "Current Limit: 0" in error.message
    assert [each.kind for each in cloud.list()] == [Kind.NETWORK]
    assert "no cores are left" in cloud.provider.check(deadline=DEADLINE)[0].what


def test_a_machine_that_azure_has_no_room_for_comes_up_in_error_and_says_why(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    stand.faults.add(Fault(method="PUT", path="virtualMachines", ends=NO_CAPACITY))
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    assert machine.state is State.ERROR
    assert machine.facts["error"]


@pytest.mark.parametrize("cut", [Cut.AFTER, Cut.HALF])
def test_a_lost_answer_is_ambiguous_and_the_token_finds_what_was_made(
    cloud: Cloud, stand: Stand, lan: Resource, cut: Cut
) -> None:
    token = cloud.token()
    spec = cloud.machine_spec(networks=(lan.id,))
    stand.faults.add(Fault(method="PUT", path="virtualMachines", cut=cut))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    found = cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE)
    assert found is not None
    assert cloud.settled(found).state is State.ACTIVE
    assert cloud.create(spec, token).id == found.id


def test_an_interface_without_its_machine_is_a_machine_in_error_that_can_be_given_back(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    token = cloud.token()
    spec = cloud.machine_spec(networks=(lan.id,))
    stand.faults.add(Fault(method="PUT", path="virtualMachines", cut=Cut.BEFORE))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    found = cloud.provider.find(Kind.MACHINE, token, deadline=DEADLINE)
    assert found is not None
    assert found.state is State.ERROR
    assert [each.id for each in cloud.list() if each.kind is Kind.MACHINE] == [found.id]
    cloud.delete(found)
    assert [each.kind for each in cloud.list()] == [Kind.NETWORK]


def test_an_interface_without_its_machine_is_completed_by_its_token(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    token = cloud.token()
    spec = cloud.machine_spec(networks=(lan.id,))
    stand.faults.add(Fault(method="PUT", path="virtualMachines", cut=Cut.BEFORE))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    assert cloud.make(spec, token).state is State.ACTIVE


def test_what_goes_with_a_machine_goes_and_its_volumes_stay(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    volume = cloud.make(VolumeSpec(cloud.name("data"), size=GIB))
    spec = cloud.machine_spec(networks=(lan.id,), volumes=(Attachment(volume.id, "/srv"),))
    cloud.delete(cloud.make(spec, **{"accords-node": "pacs"}))
    cloud.delete(lan)
    assert [each.name for each in stand.world.records.values()] == [volume.id]


def test_a_rule_for_a_node_names_the_group_that_its_machines_join_whenever_they_come(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    rules = (Rule("tcp", 104, 104, "node:viewer"),)
    before = cloud.make(cloud.machine_spec("before", networks=(lan.id,)), **{"accords-node": "viewer"})
    firewall = cloud.make(FirewallSpec(cloud.name("fw"), rules, lan.id), **{"accords-node": "pacs"})
    after = cloud.make(cloud.machine_spec("after", networks=(lan.id,)), **{"accords-node": "viewer"})
    group = stand.world.get(f"{_root(stand, NETWORK)}/networkSecurityGroups/{firewall.id}/securityRules/rule-0")
    assert group is not None
    named = group.properties["sourceApplicationSecurityGroups"][0]["id"]
    for machine in (before, after):
        nic = stand.world.get(f"{_root(stand, NETWORK)}/networkInterfaces/{machine.id}-0")
        assert nic is not None
        joined = nic.properties["ipConfigurations"][0]["properties"]["applicationSecurityGroups"]
        assert [each["id"] for each in joined] == [named]


def test_a_rule_for_a_node_needs_the_network(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="network"):
        cloud.create(FirewallSpec(cloud.name("fw"), (Rule("tcp", 1, 1, "node:viewer"),)))


def test_a_firewall_drops_what_azure_lets_in_from_the_same_network(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    firewall = cloud.make(FirewallSpec(cloud.name("closed"), (), lan.id))
    rule = stand.world.get(f"{_root(stand, NETWORK)}/networkSecurityGroups/{firewall.id}/securityRules/nothing-else")
    assert rule is not None
    assert (rule.properties["access"], rule.properties["sourceAddressPrefix"]) == ("Deny", "*")


def test_the_console_is_read_from_where_boot_diagnostics_keep_it(cloud: Cloud, lan: Resource) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    assert "Ubuntu" in cloud.provider.console(machine.id, deadline=DEADLINE)


def test_a_size_of_other_hardware_takes_a_machine_that_is_stopped(cloud: Cloud, lan: Resource) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    other = OfferedSize("Standard_D2as_v5", 2, 8 * GIB, 0)
    with pytest.raises(Conflict):
        cloud.provider.resize(machine.id, other, deadline=DEADLINE)
    assert cloud.resize(machine, other).facts["size"] == "Standard_D2as_v5"


def test_a_snapshot_takes_a_machine_that_is_stopped(cloud: Cloud, lan: Resource) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    with pytest.raises(Conflict, match="stop it"):
        cloud.create(SnapshotSpec(cloud.name("saved"), machine.id))


def test_an_address_that_is_joined_to_nothing_is_in_error_and_joined_by_its_token(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    token, spec = cloud.token(), AddressSpec(cloud.name("pub"), machine.id)
    stand.faults.add(Fault(method="PUT", path="networkInterfaces", cut=Cut.BEFORE))
    assert isinstance(surely(lambda: cloud.create(spec, token)), Ambiguous)
    found = cloud.provider.find(Kind.ADDRESS, token, deadline=DEADLINE)
    assert found is not None
    assert found.state is State.ERROR
    made = cloud.make(spec, token)
    assert (made.id, made.state) == (found.id, State.ACTIVE)
    assert cloud.observe(machine).addresses[1:] == made.addresses


def test_a_machine_deallocated_by_others_is_seen_stopped_and_one_deleted_is_gone(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    record = stand.world.get(f"{_root(stand, COMPUTE)}/virtualMachines/{machine.id}")
    assert record is not None
    record.hidden["power"] = "stopped"
    assert cloud.observe(machine).state is State.STOPPED
    assert (
        cloud.settled(cloud.provider.act(machine.kind, machine.id, Action.STOP, deadline=DEADLINE)).state
        is State.STOPPED
    )
    assert record.hidden["power"] == "deallocated"


def test_a_list_of_many_machines_is_a_list_a_kind_however_many_there_are(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    """Pages of three: two for four machines, for each of the lists; and nothing asked of a machine by itself."""
    for number in range(4):
        cloud.make(cloud.machine_spec(f"n{number}", networks=(lan.id,)))
    stand.exchanges.clear()
    listed = cloud.provider.list(cloud.tags, kinds={Kind.MACHINE}, deadline=DEADLINE)
    assert [each.state for each in listed] == [State.ACTIVE] * 4
    assert all(each.addresses for each in listed)
    assert sorted(asked(stand)) == ["GET networkInterfaces"] * 2 + ["GET virtualMachines"] * 4


def test_where_only_the_group_may_be_seen_each_machine_is_asked_what_it_is_doing(
    cloud: Cloud, stand: Stand, lan: Resource
) -> None:
    machine = cloud.make(cloud.machine_spec(networks=(lan.id,)))
    every = r"^/subscriptions/[^/]+/providers/Microsoft.Compute/virtualMachines$"
    stand.faults.add(Fault(path=every, status=403, code="AuthorizationFailed", message="no right"))
    assert machine in cloud.list()


def test_a_token_whose_thing_is_still_going_is_told_to_come_again(tmp_path: Path) -> None:
    with Stand(tmp_path, driven=True) as stand:
        cloud = Cloud(open_provider("west", "azure", azure_options(stand)))
        spec, token = VolumeSpec(cloud.name("data"), size=GIB), cloud.token()
        made = cloud.create(spec, token)
        stand.clock.advance(1.0)
        cloud.provider.delete(made.kind, made.id, deadline=DEADLINE)
        with pytest.raises(Conflict, match="given back"):
            cloud.create(spec, token)
        stand.clock.advance(1.0)
        assert cloud.create(spec, token).state is State.PENDING
        cloud.provider.close()


def test_a_machine_is_made_by_three_changes(tmp_path: Path) -> None:
    with Stand(tmp_path, usual=0.0) as stand:
        cloud = Cloud(open_provider("west", "azure", azure_options(stand)))
        spec = cloud.machine_spec(networks=(cloud.make(NetworkSpec("lan")).id,))
        stand.exchanges.clear()
        cloud.create(spec, **{"accords-node": "pacs"})
        changed = [each for each in asked(stand) if each.startswith("PUT")]
        cloud.provider.close()
    assert changed == ["PUT applicationSecurityGroups", "PUT networkInterfaces", "PUT virtualMachines"]


def test_an_unknown_image_and_an_unknown_network_are_told_by_check(stand: Stand) -> None:
    options = {**azure_options(stand), "images": {"linux": "Nobody:nothing:none:latest"}, "network": "nowhere"}
    provider = open_provider("west", "azure", options)
    told = [each.what for each in provider.check(deadline=DEADLINE)]
    provider.close()
    assert [("Nobody" in each, "nowhere" in each) for each in told] == [(True, False), (False, True)]


def test_prices_come_from_a_file_and_sizes_from_patterns(stand: Stand, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("Standard_B1s: 0.0112\n")
    provider = open_provider("west", "azure", {**azure_options(stand), "prices": str(path), "sizes": ["Standard_B*"]})
    offering = provider.offers(deadline=DEADLINE)[0]
    provider.close()
    assert {each.name: str(each.price) for each in offering.sizes} == {"Standard_B1s": "0.0112", "Standard_B2s": "None"}
    assert (offering.left["cores"], offering.left["addresses"]) == (40, 20)


def test_prices_that_azure_publishes_are_asked_for_once_and_the_files_win(stand: Stand, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("Standard_B1s: 0.5\n")
    retail = f"{stand.endpoint}/api/retail/prices"
    provider = open_provider("west", "azure", {**azure_options(stand), "prices": str(path), "retail": retail})
    offering = [provider.offers(deadline=DEADLINE)[0] for _twice in range(2)][1]
    provider.close()
    assert {each.name: each.price for each in offering.sizes} == {
        "Standard_B1s": Decimal("0.5"),
        "Standard_B2s": Decimal("0.048"),
        "Standard_D2s_v3": Decimal("0.12"),
    }
    assert sum("retail" in each.request.path for each in stand.exchanges) == 1


def test_without_the_published_prices_sizes_are_offered_without_one(stand: Stand) -> None:
    stand.faults.add(Fault(path="retail", status=500))
    retail = f"{stand.endpoint}/api/retail/prices"
    provider = open_provider("west", "azure", {**azure_options(stand), "retail": retail})
    assert {each.price for each in provider.offers(deadline=DEADLINE)[0].sizes} == {None}
    provider.close()


def test_machines_of_a_node_that_come_together_make_its_group_once(cloud: Cloud, stand: Stand, lan: Resource) -> None:
    spec = cloud.machine_spec(networks=(lan.id,))
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda n: cloud.create(replace(spec, name=f"n{n}"), **{"accords-node": "pacs"}), range(4))
        assert len({each.id for each in made}) == 4
    assert asked(stand).count("PUT applicationSecurityGroups") == 1


def test_credentials_come_from_the_environment_where_the_settings_name_none(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TENANT_ID", stand.tenant), ("CLIENT_ID", stand.client), ("CLIENT_SECRET", stand.secret)):
        monkeypatch.setenv(f"AZURE_{name}", value)
    options = {key: each for key, each in azure_options(stand).items() if key not in {"tenant", "client", "secret"}}
    provider = open_provider("west", "azure", options)
    assert provider.check(deadline=DEADLINE) == []
    provider.close()


def test_who_is_not_reached_is_unavailable_also_for_a_token(stand: Stand) -> None:
    nowhere = {"endpoint": "https://127.0.0.1:9", "authority": "https://127.0.0.1:9"}
    provider = open_provider("west", "azure", {**azure_options(stand), **nowhere})
    assert isinstance(surely(lambda: provider.list({}, deadline=DEADLINE)), Unavailable)
    provider.close()


def test_a_call_ends_at_its_deadline_however_slow_azure_is(cloud: Cloud, stand: Stand) -> None:
    cloud.list()
    stand.faults.add(Fault(delay=1.0))
    error = surely(lambda: cloud.provider.list({}, deadline=0.1))
    assert isinstance(error, Ambiguous | Unavailable)


def test_a_size_that_the_subscription_may_not_use_is_not_offered(cloud: Cloud, stand: Stand) -> None:
    stand.world.catalog.restricted = frozenset({"Standard_B1s"})
    assert "Standard_B1s" not in {each.name for each in cloud.offer().sizes}


def test_a_tag_that_azure_would_not_keep_is_refused(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="256"):
        cloud.create(NetworkSpec(cloud.name("lan")), **{"note": "x" * 257})


@pytest.mark.parametrize(("method", "kind"), [("GET", Unavailable), ("PUT", Ambiguous)])
def test_a_500_leaves_open_whether_something_was_changed(
    cloud: Cloud, stand: Stand, method: str, kind: type[ProviderError]
) -> None:
    stand.faults.add(Fault(method=method, path="virtualNetworks", status=500))
    assert isinstance(surely(lambda: cloud.create(NetworkSpec(cloud.name("lan")))), kind)


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("OperationNotAllowed", "exceeding approved Total Regional Cores quota", Quota),
        ("OperationNotAllowed", "Disk x is attached to VM y.", None),
        ("PublicIPCountLimitReached", "Cannot create more than 20", Quota),
        ("InUseSubnetCannotBeDeleted", "", Conflict),
        ("InvalidResourceReference", "", NotFound),
        ("SomethingNew", "", None),
    ],
)
def test_codes_mean_what_the_table_says(code: str, said: str, kind: type[ProviderError] | None) -> None:
    assert meant(code, said) is kind


def test_a_key_of_nobody_is_the_same_for_the_same_token_and_is_a_key() -> None:
    assert nobodys("a") == nobodys("a") != nobodys("b")
    assert nobodys("a").startswith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI")


def test_a_range_of_its_own_follows_from_the_token_and_lies_in_the_pool() -> None:
    pool = Options(subscription="s", group="g", location="l").pool
    ranges = {own_range(pool, f"token-{number}") for number in range(50)}
    assert len(ranges) > 40
    assert all(each.subnet_of(pool) and each.prefixlen == 24 for each in ranges)


def test_options_that_are_wrong_are_each_named() -> None:
    with pytest.raises(
        Refused, match=r"subscription.*tenant, client and secret|tenant, client and secret|subscription"
    ):
        open_provider("west", "azure", {"group": "g", "location": "West Europe"})
    with pytest.raises(Refused, match="tenant, client and secret go together"):
        open_provider("west", "azure", {"subscription": "s", "group": "g", "location": "l", "tenant": "t"})


def test_azures_libraries_are_imported_only_when_a_provider_of_it_is_opened() -> None:
    code = "import providers, sys; sys.exit(any(name.startswith('azure') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _root(stand: Stand, space: str) -> str:
    return f"/subscriptions/{stand.subscription}/resourceGroups/{stand.group}/providers/{space}"


def test_it_is_a_provider(cloud: Cloud) -> None:
    assert isinstance(cloud.provider, Provider)
