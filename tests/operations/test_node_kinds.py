"""Node kinds as the manual's table has them (cords.md 1.5), type by access by scope; and manifests in manifests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.store import sharing
from manifests import Manifest, Node
from manifests.model import Action, Phase, Property, Statement
from providers.protocol import Kind
from tests.library import example
from tests.operations.stage import ACCOUNT, Stage, manifest_of

INNER = (
    '<manifest name="database"><node name="db"/><node name="probe"/><configuration>'
    '<action expression="probe.configure(db.hostname);"/></configuration></manifest>'
)


class Table(Stage):
    def document(self, name: str, node: str) -> Manifest:
        """A web server that is told of the node `store`, which is a database of its own where its type says so."""
        told = '<configuration><action expression="web.configure({0}.hostname);"/></configuration>'
        path = "store.db" if "type" in node else "store"
        text = f'<manifest name="{name}"><node name="web"/><node name="store" {node}/>{told.format(path)}</manifest>'
        whole = manifest_of(text)
        nested = manifest_of(INNER)
        nodes = (replace(each, nested=nested) if each.type == "database" else each for each in whole.nodes)
        return replace(whole, nodes=tuple(nodes))

    def up(self, name: str, document: Manifest) -> str:
        self.manifest = document
        return self.submit(name)

    def stores(self) -> list[str]:
        """The machines that are the node `store`, or its database."""
        machines = (each.name for each in self.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
        return sorted(name for name in machines if name.endswith(("store", "store--db")))


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    found = Table(tmp_path)
    yield found
    found.store.close()


SIMPLE, COMPLEX = "", 'type="database"'
OWN, OF_MANIFEST, OF_ALL = 3, 2, 1
"""How many there are for two services of one manifest and one of another."""


@pytest.mark.parametrize(
    ("kind", "access", "scope", "count"),
    [
        (SIMPLE, "private", "normal", OWN),
        (SIMPLE, "public", "normal", OWN),
        (SIMPLE, "private", "common", OF_MANIFEST),
        (SIMPLE, "public", "common", OF_ALL),
        (COMPLEX, "private", "normal", OWN),
        (COMPLEX, "public", "normal", OWN),
        (COMPLEX, "private", "common", OF_MANIFEST),
        (COMPLEX, "public", "common", OF_ALL),
    ],
)
def test_the_manuals_table(table: Table, kind: str, access: str, scope: str, count: int) -> None:
    node = f'{kind} access="{access}" scope="{scope}"'
    documents = {"one": "m", "two": "m", "three": "n"}
    services = [table.up(name, table.document(manifest, node)) for name, manifest in documents.items()]
    table.work()
    assert [table.service(service).state for service in services] == ["active"] * 3
    assert len(table.stores()) == count, table.stores()
    for service in services:
        table.ask(service, "release")
        table.work()
    assert table.left() == []


def test_a_public_node_is_asked_for_with_an_address_that_is_reached_from_outside(table: Table) -> None:
    table.up("one", table.document("m", 'access="public"'))
    table.work()
    there = table.cloud.list({}, deadline=5)
    (address,) = (each for each in there if each.kind is Kind.ADDRESS)
    (store,) = (each for each in there if each.kind is Kind.MACHINE and each.name == "one-store")
    assert address.facts["machine"] == store.id
    assert address.addresses[0] not in store.addresses


def test_the_nodes_of_a_complex_node_have_names_without_a_path(table: Table) -> None:
    service = table.up("one", table.document("m", COMPLEX))
    table.work()
    assert table.service(service).state == "active"
    assert not [name for name in table.left() if name.count("/") > 1]
    result = table.history(service)["store/db.0.machine"].result
    assert result is not None
    assert (result["name"], result["hostname"]) == ("one-store--db", "store-db")
    told = [each.arguments for each in table.cloud.carried() if each.method == "configure"]
    assert {"symbol": "store_db_hostname", "value": "store-db"} in told
    assert {"symbol": "db_hostname", "value": "store-db"} in told


def test_a_complex_node_is_saved_stopped_and_started_with_its_service(table: Table) -> None:
    service = table.up("one", table.document("m", COMPLEX))
    table.work()
    for operation, state in (("save", "active"), ("stop", "stopped"), ("start", "active")):
        table.ask(service, operation)
        table.work()
        assert table.service(service).state == state, table.service(service).error
    saved = [name for name in table.left() if name.startswith("snapshot/")]
    assert len(saved) == 3 and not [name for name in saved if name.count("/") > 1]


def test_users_of_a_complex_common_node_are_told_of_the_nodes_in_it(table: Table) -> None:
    service = table.up("one", table.document("m", f'{COMPLEX} access="public" scope="common"'))
    table.work()
    result = table.history(service)["store.0.share"].result
    assert result is not None
    addresses = {each.name: each.addresses[0] for each in table.cloud.list({}, deadline=5) if each.addresses}
    assert result["db.hostname"] == result["db.address"] == addresses["store-store--db"]
    assert result["probe.address"] == addresses["store-store--probe"]
    assert table.history(service)["web.0.configure.store.db.hostname"].state == "done"
    with table.store.read() as tx:
        shared = sharing.find(tx, ACCOUNT, "/store")
    assert shared is not None
    assert table.service(shared.service).name == "store"


def test_an_abstract_node_is_handed_whole_to_the_provider_that_takes_its_category(table: Table) -> None:
    text = (
        '<manifest name="m"><node name="web"/><node name="shop" type="store" category="paas_application_manifest"/>'
        '<configuration><action expression="web.configure(shop.address);"/></configuration></manifest>'
    )
    service = table.up("one", manifest_of(text))
    table.work()
    assert table.service(service).state == "active", table.service(service).error
    (shop,) = [each for each in table.cloud.list({}, deadline=5) if each.kind is Kind.APPLICATION]
    assert (shop.name, shop.facts["category"], shop.facts["type"]) == ("one-shop", "paas_application_manifest", "store")
    told = [each.arguments for each in table.cloud.carried() if each.method == "configure"]
    assert told == [{"symbol": "shop_address", "value": shop.addresses[0]}]
    table.ask(service, "release")
    table.work()
    assert table.left() == []


def test_the_site_of_the_examples_is_deployed_asked_and_given_back(table: Table) -> None:
    service = table.up("site", example("site.xml"))
    table.work()
    assert table.service(service).state == "active", table.service(service).error
    machines = [name for name in table.left() if name.startswith("machine/")]
    assert sorted(machines) == [
        "machine/site-cardiology--pacs",
        "machine/site-cardiology--pacs-db",
        "machine/site-portal",
        "machine/site-radiology--pacs",
        "machine/site-radiology--pacs-db",
    ]
    table.ask(service, "invoke", method="notice", arguments=["closed until noon"])
    table.work()
    assert table.cloud.carried()[-1].arguments["script"] == (
        "set -- 'closed until noon'\necho $1 >> /var/www/html/index.html"
    )
    table.ask(service, "release", volumes=True)
    table.work()
    assert table.left() == []


def test_what_is_common_to_something_common_is_told_to_its_users_too(table: Table) -> None:
    """`outer` is shared, and shares `inner`: a user of `outer` is told the password of `inner`."""
    inner = Manifest("deep", (Node("db"),))
    shared = Manifest("wide", (Node("inner", type="deep", nested=inner, scope="common", access="public"), Node("x")))
    asked = Statement("web", "configure", (Property("outer.inner.db", "password"), Property("outer.x", "address")))
    phase = Phase("c", (Action("", "cordscript", "", (asked,)),))
    outer = Node("outer", type="wide", nested=shared, scope="common", access="public")
    service = table.up("one", Manifest("m", (Node("web"), outer), phase))
    table.work()
    assert table.service(service).state == "active", table.service(service).error
    told = {each.arguments["symbol"]: each.arguments["value"] for each in table.cloud.carried()}
    assert str(told["outer_inner_db_password"]).startswith("password-")
    assert sorted(told) == ["outer_inner_db_password", "outer_x_address"]
    table.ask(service, "release")
    table.work()
    assert table.left() == []
