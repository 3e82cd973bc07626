"""The console of a machine: asked for over HTTP, looked at by the worker, whatever its service goes through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.errors import Clash, Missing
from broker.store import consoles, operations
from broker.worker import chores
from broker.worker import consoles as looking
from providers.fake import Knobs, Trouble
from providers.protocol import Ability
from tests.operations.house import House, User


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


@pytest.fixture
def service(house: House, ann: User) -> str:
    found = ann.up()
    house.work()
    return found


def ask(who: User, service: str, node: str = "web") -> None:
    who.client.post("service", f"/services/{service}/console", {"node": node})


def shown(who: User, service: str, node: str = "web") -> Any:
    (one,) = who.client.get("service", f"/services/{service}/console", node=node)["consoles"]
    return one


def look(house: House) -> None:
    looking.show(house.tools, "paris")


def test_a_console_is_there_when_the_worker_has_looked(house: House, ann: User, service: str) -> None:
    ask(ann, service)
    assert (shown(ann, service)["at"], shown(ann, service)["text"]) == (None, "")
    look(house)
    found = shown(ann, service)
    machine = next(
        each for each in house.cloud.list({}, deadline=5) if each.facts.get("console") and each.name == "pair-web"
    )
    assert (found["name"], found["error"], found["at"] is not None) == ("web.0", None, True)
    assert found["text"] == house.cloud.console(machine.id, deadline=5) != ""


def test_it_is_looked_at_once_for_each_time_it_is_asked_for(
    house: House, ann: User, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["first", "second"])
    monkeypatch.setattr(house.cloud, "console", lambda id, *, deadline: next(said))
    for text in ("first", "second"):
        ask(ann, service)
        look(house)
        look(house)
        assert shown(ann, service)["text"] == text


def test_a_machine_whose_service_is_busy_is_looked_at_too(house: House, ann: User, service: str) -> None:
    with house.tools.store.write() as tx:
        operations.submit(tx, "ward", service, "restart")
        assert operations.take(tx, "another worker", 30) is not None
    ask(ann, service)
    look(house)
    assert shown(ann, service)["at"] is not None


def test_why_a_provider_does_not_show_it_is_said(house: House, ann: User, service: str) -> None:
    house.cloud.trouble(Trouble("fail", call="console", error="refused"))
    ask(ann, service)
    look(house)
    found = shown(ann, service)
    assert (found["text"], found["error"]["code"], found["at"] is not None) == ("", "provider.refused", True)


def test_a_provider_that_shows_none_says_so_at_once(house: House, ann: User, service: str) -> None:
    house.cloud.turn_knobs(replace(Knobs(), abilities=Knobs().abilities - {Ability.CONSOLE}))
    chores.refresh_offers(house.tools)
    with pytest.raises(Clash, match="paris shows no consoles"):
        ask(ann, service)


def test_a_long_console_is_kept_from_its_end(
    house: House, ann: User, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.cloud, "console", lambda id, *, deadline: "\0" + "x" * looking.MOST + "end")
    ask(ann, service)
    look(house)
    text = shown(ann, service)["text"]
    assert (len(text), text[-3:]) == (looking.MOST, "end")


def test_nobody_sees_another_accounts_console(house: House, ann: User, service: str) -> None:
    ask(ann, service)
    look(house)
    bob = User(house.client("bob", "lab"))
    with pytest.raises(Missing):
        shown(bob, service)
    with pytest.raises(Missing):
        ask(bob, service)


def test_a_node_without_a_machine_and_a_console_that_nobody_asked_for_are_missing(ann: User, service: str) -> None:
    with pytest.raises(Missing, match="no machine of a node queue"):
        ask(ann, service, "queue")
    with pytest.raises(Missing, match="nobody asked"):
        shown(ann, service)


def test_what_was_shown_is_forgotten(house: House, ann: User, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(ann, service)
    look(house)
    looking.forget(house.tools)
    assert shown(ann, service)["at"] is not None
    monkeypatch.setattr(looking, "KEPT", -1)
    looking.forget(house.tools)
    with pytest.raises(Missing):
        shown(ann, service)
    with house.tools.store.read() as tx:
        assert consoles.waiting(tx, "paris") == []
