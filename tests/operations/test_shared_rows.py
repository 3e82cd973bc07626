"""Manifests in manifests, and what services share, over all rows: posted, planned, deployed, asked and refused."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from broker.errors import AccordsError
from manifests import Format, parse, write
from providers.protocol import Kind
from tests.library import EXAMPLES
from tests.operations.house import House, User

SHARING = (
    '<manifest name="{0}"><node name="web"/><node name="cache" scope="common" access="public"/><configuration>'
    '<action expression="web.configure(cache.address);"/></configuration></manifest>'
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


def test_a_manifest_that_was_posted_is_a_node_of_the_next(house: House, ann: User) -> None:
    ann.post_document((EXAMPLES / "pacs.xml").read_text())
    service = ann.up((EXAMPLES / "site.xml").read_text(), name="site")
    house.work()
    report = ann.report(service)
    assert report["service"]["state"] == "active", report["error"]
    assert [node["name"] for node in report["nodes"] if "/" in node["name"]] == [
        "cardiology/pacs-db",
        "cardiology/pacs",
        "radiology/pacs-db",
        "radiology/pacs",
    ]
    contracts = ann.client.get("service", "/contract/")["resources"]
    names = {each["attributes"]["occi.contract.name"] for each in contracts}
    assert {"cardiology/pacs", "radiology/pacs", "portal"} <= names


def test_an_application_s_document_reaches_the_provider_whole_and_no_stop_reaches_it(house: House, ann: User) -> None:
    document = (
        '<paas_application_manifest name="store"><paas_application name="a" description="d" environment="e">'
        '<paas_application_version label="1"><paas_application_deployable name="d" location="file"/>'
        "<paas_application_version_instance/></paas_application_version></paas_application>"
        "</paas_application_manifest>"
    )
    ann.post_document(document)
    service = ann.up(
        '<manifest name="shop"><node name="web"/><node name="till" type="store" category="paas_application_manifest"/>'
        "</manifest>"
    )
    house.work()
    (till,) = [each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.APPLICATION]
    whole = write(tree, Format.JSON) if (tree := parse(document.encode()).tree) else ""
    assert till.facts["document"] == sha256(whole.encode()).hexdigest()
    ann.act(service, "stop")
    house.work()
    report = ann.report(service)
    assert report["service"]["state"] == "stopped"
    assert {node["name"]: node["state"] for node in report["nodes"]} == {"web": "stopped", "till": "running"}


def test_a_shared_service_is_shown_and_not_released_by_hand(house: House, ann: User) -> None:
    one = ann.up(SHARING.format("one"), name="one")
    two = ann.up(SHARING.format("two"), name="two")
    house.work()
    assert ann.report(one)["shared"] == [
        {"node": "cache", "service": "cache", "users": ["one", "two"], "whose": "one", "differs": False}
    ]
    (instance,) = ann.client.get("service", "/instance/")["resources"]
    cache = str(instance["attributes"]["occi.instance.common"]).rpartition("/")[2].removeprefix("urn:uuid:")
    for action in ("release", "stop"):
        with pytest.raises(AccordsError, match="cache is shared, and used by one, two") as refused:
            ann.act(cache, action)
        assert refused.value.status == 409
    for service in (one, two):
        ann.act(service, "release")
        house.work()
    assert ann.state(cache) == ann.state(two) == "released"
    assert ann.client.get("service", "/instance/")["resources"] == []
    assert house.cloud.list({}, deadline=5) == ()
