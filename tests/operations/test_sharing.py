"""Common nodes: who has one, who shares it, and when it goes (cords.md 1.5)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.cli import show
from broker.errors import Clash
from broker.report import report_of
from broker.store import journal, operations, outbox, secrets, services, sharing
from broker.worker.operation import carry_out
from providers.fake import Trouble
from providers.protocol import Kind
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage, manifest_of

TELL = "web.configure(cache.hostname, cache.address, cache.password);"


def document(manifest: str, attributes: str, expression: str = TELL) -> str:
    """A web server that is told about a cache, which others may use too."""
    return (
        f'<manifest name="{manifest}"><node name="web"/><node name="cache" {attributes}/>'
        f'<configuration><action expression="{expression}"/></configuration></manifest>'
    )


PUBLIC, PRIVATE = 'scope="common" access="public"', 'scope="common" access="private"'


class Town(Stage):
    """A stage for several services, made of documents."""

    def up(self, name: str, text: str) -> str:
        self.manifest = manifest_of(text)
        return self.submit(name)

    def shared(self, key: str = "/cache") -> str:
        with self.store.read() as tx:
            found = sharing.find(tx, ACCOUNT, key)
        assert found is not None
        return found.service

    def users(self, key: str = "/cache") -> list[tuple[str, bool]]:
        with self.store.read() as tx:
            return [(user.name, user.running) for user in sharing.users_of(tx, ACCOUNT, key)]

    def shown(self) -> list[tuple[str, object, bool]]:
        """The projections of instances: name, service, and whether it is gone."""
        with self.store.read() as tx:
            found = [parcel.projection for parcel in outbox.pending(tx)]
        mine = (each for each in found if each.kind == sharing.KIND)
        return [(each.title, each.attributes.get("occi.instance.common"), each.gone) for each in mine]

    def address(self, name: str) -> str:
        found = self.cloud.list({}, deadline=5)
        return next(each.addresses[-1] for each in found if (each.kind, each.name) == (Kind.ADDRESS, name))

    def machines(self) -> list[str]:
        return sorted(name.removeprefix("machine/") for name in self.left() if name.startswith("machine/"))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    found = Town(tmp_path)
    yield found
    found.store.close()


def test_the_first_user_makes_it_and_the_next_ones_share_it(town: Town) -> None:
    one = town.up("one", document("m", PUBLIC))
    two = town.up("two", document("other", PUBLIC))
    town.work()
    assert town.service(one).state == town.service(two).state == "active", town.service(one).error
    assert town.machines() == ["cache-cache", "one-web", "two-web"]
    assert town.users() == [("one", True), ("two", True)]


def test_users_are_told_its_properties_and_a_secret_of_their_own(town: Town) -> None:
    one, two = town.up("one", document("m", PUBLIC)), town.up("two", document("m", PUBLIC))
    town.work()
    told = {}
    for service in (one, two):
        result = town.history(service)["cache.0.share"].result
        assert result is not None
        assert result["id"] == town.shared()
        assert result["address"] == result["hostname"] == town.address("cache-cache")
        with town.store.read() as tx:
            told[result["password"]] = secrets.reveal(tx, ACCOUNT, service, str(result["password"]))
    assert len(told) == 2
    assert len(set(told.values())) == 1


def test_the_last_user_stops_it_and_the_first_starts_it_again(town: Town) -> None:
    one, two = town.up("one", document("m", PUBLIC)), town.up("two", document("m", PUBLIC))
    town.work()
    cache = town.shared()
    town.ask(one, "stop")
    town.work()
    assert town.service(cache).state == "active"
    assert town.users() == [("one", False), ("two", True)]
    town.ask(two, "stop")
    town.work()
    assert town.service(cache).state == town.service(two).state == "stopped"
    town.ask(one, "start")
    town.work()
    assert town.service(cache).state == town.service(one).state == "active"
    assert town.history(one)["web.0.start"].begun >= (town.history(one)["cache.0.join"].ended or 0)


def test_the_last_user_gives_it_back(town: Town) -> None:
    one, two = town.up("one", document("m", PUBLIC)), town.up("two", document("m", PUBLIC))
    town.work()
    cache = town.shared()
    town.ask(one, "release")
    town.work()
    assert town.history(one)["cache.0.share.delete"].result == {"kept": "used by two"}
    assert town.machines() == ["cache-cache", "two-web"]
    town.ask(two, "release")
    town.work()
    assert town.history(two)["cache.0.share.delete"].result == {"kept": "released with its last user"}
    assert town.service(cache).state == town.service(two).state == "released"
    assert town.left() == []
    assert town.users() == []


def test_whoever_comes_after_the_last_makes_another(town: Town) -> None:
    one = town.up("one", document("m", PUBLIC))
    town.work()
    first = town.shared()
    town.ask(one, "release")
    two = town.up("two", document("m", PUBLIC))
    town.work()
    assert town.service(two).state == "active"
    assert town.shared() != first
    assert town.users() == [("two", True)]


def test_what_was_cancelled_before_it_had_it_is_counted_out(town: Town) -> None:
    one = town.up("one", document("m", PUBLIC))
    with town.store.write() as tx:
        lease = operations.take(tx, "tester", 30)
    assert lease is not None
    carry_out(town.tools, INSTALLATION, lease)  # until it waits for the cache
    assert town.users() == [("one", True)]
    with town.store.write() as tx:
        operations.cancel(tx, ACCOUNT, one)
        sharing.wake(tx, ACCOUNT)
    town.work()
    assert town.service(one).state == "released"
    assert town.left() == [] and town.users() == []


def test_a_user_of_what_failed_says_so_and_goes_on_when_it_is_mended(town: Town) -> None:
    town.cloud.trouble(Trouble("fail", call="create", name="cache-cache", error="refused", times=0))
    one = town.up("one", document("m", PUBLIC))
    town.work()
    error = town.service(one).error or {}
    assert (error["code"], error["step"]) == ("share.failed", "cache.0.share")
    assert "accords retry cache" in error["hint"]
    town.cloud.calm()
    town.ask(town.shared(), "retry")
    town.work()
    town.ask(one, "retry")
    town.work()
    assert town.service(one).state == "active", town.service(one).error


def test_a_name_that_somebody_has_is_left_to_them(town: Town) -> None:
    mine = town.up("cache", '<manifest name="cache"><node name="x"/></manifest>')
    town.work()
    town.up("one", document("m", PUBLIC))
    town.work()
    assert town.service(town.shared()).name == "cache-shared"
    assert town.service(mine).state == "active"


def test_a_kill_after_the_count_leaves_nothing_wrong(town: Town) -> None:
    """The walk dies right after the transaction that counts; another worker goes on, and everything is there once."""
    one = town.up("one", document("m", PUBLIC))
    with town.store.write() as tx:
        lease = operations.take(tx, "first", 0.0)
    assert lease is not None
    carry_out(town.tools, INSTALLATION, lease, lambda: bool(town.users()))
    with town.store.write() as tx:
        sharing.wake(tx, ACCOUNT)
    town.work()
    assert town.service(one).state == "active"
    assert town.machines() == ["cache-cache", "one-web"]
    assert town.users() == [("one", True)]


def test_services_that_start_at_once_make_one(town: Town) -> None:
    """Eight services, eight workers, one store."""
    found = [town.up(f"s{n}", document("m", PUBLIC)) for n in range(8)]
    workers = [threading.Thread(target=town.work) for _ in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    town.work()
    while any(town.service(service).state != "active" for service in found):
        with town.store.write() as tx:
            sharing.wake(tx, ACCOUNT)
        assert town.work() or all(town.service(service).state == "active" for service in found)
    assert town.machines() == sorted(["cache-cache", *(f"s{n}-web" for n in range(8))])
    assert len(town.users()) == 8


def test_one_worker_with_one_place_makes_what_its_walks_wait_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """More walks that wait than a worker has places: each gives its place up, and is woken when it may go on."""
    monkeypatch.setattr("broker.worker.operation.WAITS", 3600.0)
    found = [town.up(f"s{n}", document("m", PUBLIC)) for n in range(12)]
    order = []
    for _ in itertools.count():
        with town.store.write() as tx:
            lease = operations.take(tx, "only", 30)
        if lease is None:
            break
        order.append(lease.operation.service)
        carry_out(town.tools, INSTALLATION, lease)
    assert all(town.service(service).state == "active" for service in found)
    assert len(order) == 12 + 1 + 12, "each walk twice, the shared service once"


def test_two_that_would_wait_for_each_other_are_seen(town: Town) -> None:
    with town.store.write() as tx:
        one, two = (services.create(tx, services.Service(ACCOUNT, tx.new_id(), name)) for name in ("x", "y"))
        sharing.make(tx, ACCOUNT, "/x", one.id, "x")
        sharing.make(tx, ACCOUNT, "/y", two.id, "y")
        sharing.join(tx, ACCOUNT, "/y", one.id, "y")
        assert not sharing.waits_for(tx, ACCOUNT, two.id, one.id)
        sharing.join(tx, ACCOUNT, "/x", two.id, "x")
        assert sharing.waits_for(tx, ACCOUNT, one.id, two.id)


def test_nobodys_result_holds_a_password(town: Town) -> None:
    one = town.up("one", document("m", PUBLIC))
    town.work()
    with town.store.read() as tx:
        made = journal.made(tx, ACCOUNT, one)
    assert "password-" not in repr(made)


@pytest.mark.parametrize("operation", ["release", "cancel", "stop", "suspend"])
def test_what_others_use_is_not_taken_from_them_by_hand(town: Town, operation: str) -> None:
    for name in ("two", "one"):
        town.up(name, document("m", PUBLIC))
    town.work()
    with town.store.read() as tx, pytest.raises(Clash) as found:
        sharing.check(tx, ACCOUNT, town.shared(), operation)
    assert found.value.message == f"{operation}: cache is shared, and used by one, two"


def test_a_report_says_who_shares_what(town: Town) -> None:
    one, two = town.up("one", document("m", PUBLIC)), town.up("two", document("m", PUBLIC))
    town.work()
    town.ask(two, "stop")
    town.work()
    with town.store.read() as tx:
        of_user, of_shared = report_of(tx, ACCOUNT, one), report_of(tx, ACCOUNT, town.shared())
    (shared,) = of_user["shared"]
    assert shared == {
        "node": "cache", "service": "cache", "users": ["one", "two"], "whose": "one", "differs": False
    }  # fmt: skip
    assert of_user["users"] == []
    assert of_shared["users"] == [{"name": "one", "running": True}, {"name": "two", "running": False}]
    assert "cache  cache  used by one, two" in "\n".join(show.report(of_user))


@pytest.mark.parametrize(("attributes", "key"), [(PUBLIC, "/cache"), (PRIVATE, "m/cache")])
def test_who_defines_otherwise_what_is_there_is_told_whose_definition_holds(
    town: Town, attributes: str, key: str
) -> None:
    """Of a public node another manifest may say so, of a private one another version of the same."""
    one = town.up("one", document("m", attributes))
    town.work()
    compute = '<infrastructure name="i"><compute name="c" cores="2"/></infrastructure>'
    two = town.up("two", document("m", attributes).replace(f"{attributes}/>", f"{attributes}>{compute}</node>"))
    same = town.up("three", document("m", attributes).replace("<node", "\n  <node"))
    town.work()
    with town.store.read() as tx:
        reports = {service: report_of(tx, ACCOUNT, service) for service in (one, two, same)}
    assert {service: report["shared"][0]["differs"] for service, report in reports.items()} == {
        one: False, two: True, same: False
    }  # fmt: skip
    assert town.users(key) == [("one", True), ("three", True), ("two", True)]
    assert "as one defines it; this document defines it otherwise" in "\n".join(show.report(reports[two]))


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("order", [list, reversed])
def test_two_services_that_are_in_each_other_end_and_are_given_back(
    town: Town, order: Callable[[list[str]], Iterable[str]], one_by_one: bool
) -> None:
    """x of the one manifest holds y, and y of the other holds x: each service has begun when it asks for the other."""
    holding = '<manifest name="of-{0}"><node name="{0}" scope="common" access="public"/><node name="n"/></manifest>'

    def up(outer: str, inner: str) -> str:
        whole = manifest_of(f'<manifest name="m-{outer}"><node name="{outer}" type="of-{inner}" {PUBLIC}/></manifest>')
        nested = manifest_of(holding.format(inner))
        town.manifest = replace(whole, nodes=(replace(whole.nodes[0], nested=nested),))
        return town.submit(f"uses-{outer}")

    users = [up("x", "y"), up("y", "x")]
    town.work()
    found = [town.service(each) for each in (*users, town.shared("/x"), town.shared("/y"))]
    assert {each.state for each in found} == {"failed"}
    assert sum((each.error or {}).get("code") == "share.ring" for each in found) == 1
    for user in order(users):
        town.ask(user, "release")
        if one_by_one:
            town.work()
    town.work()
    assert town.left() == []
    assert {town.service(each.id).state for each in found} == {"released"}


def test_an_instance_is_shown_until_its_service_is_released(town: Town) -> None:
    one = town.up("one", document("m", PUBLIC))
    town.work()
    cache = town.shared()
    assert town.shown() == [("cache", f"/service/{cache}", False)]
    town.ask(one, "release")
    town.work()
    assert [gone for _, _, gone in town.shown()] == [False, True]
