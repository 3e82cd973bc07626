"""`accords drift`, `repair` and `audit`: what people see of what somebody changed at a cloud, and what asks first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from broker.cli import drifting, main, services
from broker.cli.exits import Exit
from broker.store.tables import journal
from broker.worker import auditing
from broker.worker import drifting as comparing
from broker.worker.observing import Observing
from providers.protocol import Kind, NetworkSpec, State, VolumeSpec
from tests.operations.house import House
from tests.operations.stage import PAIR


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path)
    for module in (services, drifting):
        monkeypatch.setattr(module, "client", lambda: found.client("ann", "ward"))
    monkeypatch.setattr(comparing, "SETTLE", 0)
    yield found
    found.close()


def look(house: House) -> None:
    Observing(house.tools, house.installation.id).turn("paris")


@pytest.fixture
def pair(house: House, tmp_path: Path) -> House:
    """A service that runs, and has been looked at."""
    document = tmp_path / "pair.xml"
    document.write_text(PAIR)
    assert main(["up", str(document), "--repair", "report"]) == Exit.OK
    house.work()
    look(house)
    return house


def stray(house: House, name: str, installation: str | None = None) -> str:
    """Something that carries our tag and that nobody here made."""
    tags = {"accords-installation": installation or house.installation.id, "accords-account": "ward"}
    return house.cloud.create(NetworkSpec(name), token=name, tags=tags, deadline=5).id


def test_nothing_differs_of_what_is_as_it_was_made(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["drift", "pair"]) == Exit.OK
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "pair: active, policy report"
    assert said[-1] == "  nothing differs"


def test_what_differs_is_shown_repaired_when_somebody_says_yes_and_gone_after_that(
    pair: House, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.cloud.lose(Kind.MACHINE, "machine-1")
    pair.cloud.turn("machine-2", State.STOPPED)
    look(pair)
    capsys.readouterr()
    assert main(["drift", "pair"]) == Exit.FAILED
    said = capsys.readouterr().out
    assert "machine db.0   gone   wanted active  seen gone" in said
    assert "machine web.0  state  wanted active  seen stopped" in said
    assert main(["repair", "pair"]) == Exit.REFUSED
    assert "nobody said yes" in capsys.readouterr().err
    assert main(["repair", "pair", "--yes"]) == Exit.OK
    listing = capsys.readouterr().out
    assert "  db.0.machine = create machine/db.0 on paris" in listing
    assert "  web.0.start = start machine/web.0 on paris" in listing
    pair.work()
    look(pair)
    assert main(["drift", "pair"]) == Exit.OK


def test_status_tells_what_differs(pair: House, capsys: pytest.CaptureFixture[str]) -> None:
    pair.cloud.turn("machine-2", State.STOPPED)
    look(pair)
    main(["status", "pair"])
    said = capsys.readouterr().out
    assert "differs:\n  web.0  wanted active  seen stopped  since " in said
    assert "can: repair, start, release" in said


def test_a_plan_that_is_no_longer_what_was_shown_is_not_carried_out(pair: House) -> None:
    pair.cloud.turn("machine-2", State.STOPPED)
    look(pair)
    client = pair.client("ann", "ward")
    (service,) = [each["id"].removeprefix("urn:uuid:") for each in client.get("service", "/service/")["resources"]]
    shown = client.get("service", f"/services/{service}/drift")["repair"]["plan"]
    pair.cloud.lose(Kind.MACHINE, "machine-1")
    look(pair)
    with pytest.raises(Exception, match="is not what was shown"):
        client.post("service", f"/services/{service}/repair", {"how": "repair", "plan": shown})


def test_what_is_adopted_differs_no_more(pair: House) -> None:
    for machine in ("machine-1", "machine-2"):
        pair.cloud.turn(machine, State.STOPPED)
    look(pair)
    assert main(["repair", "pair", "--adopt", "--yes"]) == Exit.OK
    pair.work()
    look(pair)
    assert main(["drift", "pair"]) == Exit.OK


def test_what_nobody_knows_is_listed_with_its_cost_and_given_back_when_asked(
    pair: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other installation's stays, whatever is asked for."""
    stray(pair, "left")
    stray(pair, "theirs", "another")
    there = {each.id for each in pair.cloud.list({}, deadline=5)}
    look(pair)
    capsys.readouterr()
    assert main(["audit", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found["strays"]] == ["left"]

    def worker(_: float) -> None:
        auditing.give_back(pair.tools, pair.installation.id, "paris")

    monkeypatch.setattr(drifting.time, "sleep", worker)
    assert main(["audit", "--remove", "--yes"]) == Exit.OK
    assert "removed 1" in capsys.readouterr().out
    assert there - {each.id for each in pair.cloud.list({}, deadline=5)} == {found["strays"][0]["id"]}


def test_a_stray_machine_costs_what_its_size_is_offered_for(pair: House) -> None:
    machine = next(each for each in pair.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
    with pair.tools.store.write() as tx:
        tx.run(journal.delete().where(journal.c.step == f"{machine.tags['accords-node']}.0.machine"))
    look(pair)
    found = pair.client("ann", "ward").get("service", "/audit")
    (one,) = found["strays"]
    assert Decimal(one["price"]) == Decimal(found["costs"][one["currency"]]) > 0


def test_what_somebody_uses_again_is_not_removed(pair: House) -> None:
    """Asked for as a stray, and known by the time that the worker comes to it."""
    kept = {each.id for each in pair.cloud.list({}, deadline=5)}
    stray(pair, "left")
    look(pair)
    client = pair.client("ann", "ward")
    (one,) = client.get("service", "/audit")["strays"]
    client.post("service", "/audit/removal", {"things": [{name: one[name] for name in ("provider", "kind", "id")}]})
    pair.cloud.mark(Kind.NETWORK, one["id"], {})
    auditing.give_back(pair.tools, pair.installation.id, "paris")
    (stays,) = client.get("service", "/audit")["strays"]
    assert stays["removal"] == "it does not carry this installation's tag any more"
    assert {each.id for each in pair.cloud.list({}, deadline=5)} == kept | {one["id"]}


def test_nothing_that_a_service_has_can_be_asked_to_go(pair: House) -> None:
    client = pair.client("ann", "ward")
    with pytest.raises(Exception, match="is no stray of this account"):
        things = [{"provider": "paris", "kind": "machine", "id": "machine-1"}]
        client.post("service", "/audit/removal", {"things": things})


def test_an_account_sees_its_own_strays_and_no_other(pair: House) -> None:
    stray(pair, "left")
    look(pair)
    assert len(pair.client("ann", "ward").get("service", "/audit")["strays"]) == 1
    assert pair.client("bob", "clinic").get("service", "/audit")["strays"] == []


def test_what_a_stray_holds_goes_after_it(pair: House) -> None:
    tags = {"accords-installation": pair.installation.id, "accords-account": "ward"}
    volume = pair.cloud.create(VolumeSpec("disk", 1), token="disk", tags=tags, deadline=5)
    stray(pair, "left")
    look(pair)
    client = pair.client("ann", "ward")
    found = client.get("service", "/audit")["strays"]
    asked = [{name: each[name] for name in ("provider", "kind", "id")} for each in found]
    assert [each["kind"] for each in asked] == ["network", "volume"]
    client.post("service", "/audit/removal", {"things": asked})
    auditing.give_back(pair.tools, pair.installation.id, "paris")
    assert client.get("service", "/audit")["strays"] == []
    assert volume.id not in {each.id for each in pair.cloud.list({}, deadline=5)}
