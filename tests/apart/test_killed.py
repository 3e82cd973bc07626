"""Each row, the worker and the door killed (kill -9) in the middle of a deployment and started again: nothing is lost,
and whoever needs a row meanwhile is told its name and when to try again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import httpx
import pytest

from broker.errors import RowDown
from broker.occi.model import CORDS, INFRASTRUCTURE
from broker.services import ROWS
from broker.store import entities
from providers.fake import Trouble
from tests.apart.everything import EVERYTHING, UP, Apart
from tests.apart.machines import can_be
from tests.pacs.installation import EXAMPLES, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not can_be(), reason="only root may make networks"),
]


def document(text: str) -> Callable[[Apart], httpx.Response]:
    return lambda apart: apart.post_document(text)


def of_a_plan(apart: Apart) -> httpx.Response:
    attributes = {"occi.service.plan": "/plan/6f2c0e0a-6a0e-4b0e-9f5e-3b1b6d1f7c11"}
    return apart.post_json("service", "/service/", {"kind": CORDS + "service", "attributes": attributes})


PAIR: Callable[[Apart], httpx.Response] = lambda apart: apart.post("pair")  # noqa: E731 - a table's entry
NEEDED: Mapping[str, Callable[[Apart], httpx.Response]] = {
    "publisher": document('<federation name="of-clouds"/>'),
    "account": document('<import name="of-accounts"><account name="wards"/></import>'),
    "agreement": document((EXAMPLES / "pacs-agreement.xml").read_text()),
    "service": document('<provider name="of-others"/>'),
    "manifest": of_a_plan,
    **dict.fromkeys(("infrastructure", "node", "configuration", "image"), PAIR),
}
"""A request to another row that needs this one. The cloud row is needed by no other; clients ask it themselves."""


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_is_killed_in_the_middle_of_a_deployment_loses_nothing(apart: Apart, name: str) -> None:
    service = f"killed-{name}"
    apart.settled()
    apart.of_cloud(lambda cloud: cloud.trouble(Trouble("hold", call="create", kind="machine")))
    apart.told(*UP, "--name", service)
    until(lambda: apart.of_cloud(lambda cloud: cloud.held()), "a machine is being made")
    there = stored(apart)
    apart.kill(name)
    try:
        apart.of_cloud(lambda cloud: cloud.calm())
        needed(apart, name)
    finally:
        apart.start(name)
    until(lambda: apart.state(service) == "active", lambda: f"{apart.state(service)}\n{apart.logs()}")
    apart.settled()
    assert there <= stored(apart), "what was there is there"
    assert not twice(apart), "everything is made once"
    until(lambda: len(computes(apart)) == 2, lambda: f"both are shown: {computes(apart)}")
    asked_again(apart, name)
    apart.told("release", service, "--volumes", "--yes", service, "--wait")
    until(lambda: not computes(apart), lambda: f"none is shown: {computes(apart)}")
    assert not apart.of_cloud(lambda cloud: [each.name for each in cloud.resources()])


DIES = """
import os, signal, sys
from broker.hooks import errands
from broker.serve import serve
from broker.settings import load
done = errands._forget if "asked" in sys.argv else errands.do
setattr(errands, done.__name__, lambda *_: os.killpg(0, signal.SIGKILL))
serve(load(), "cloud")
"""
"""The cloud row, which kills itself where it would ask for a service, or where it has asked."""


@pytest.mark.parametrize("when", ["stored", "asked"])
def test_a_compute_whose_row_died_before_it_could_answer_is_made_once(apart: Apart, when: str) -> None:
    apart.settled()
    apart.kill("cloud")
    apart.run("cloud", [sys.executable, "-c", DIES, when], on="cloud")
    chosen = until(lambda: templates(apart), "there are templates")
    with pytest.raises(httpx.TransportError):
        apart.post_json("cloud", "/compute/", {"kind": f"{INFRASTRUCTURE}compute", "mixins": chosen})
    apart.kill("cloud")
    apart.start("cloud")
    until(lambda: states(apart) == ["active"], lambda: f"{states(apart)}\n{apart.logs()}")
    assert not twice(apart)
    (made,) = computes(apart)
    assert apart.delete(f"{apart.at('cloud')}/compute/{made.removeprefix('urn:uuid:')}").status_code == 200
    until(lambda: not apart.of_cloud(lambda cloud: [each.name for each in cloud.resources()]), "it is given back")


def templates(apart: Apart) -> list[str]:
    """An image and a size that providers offer."""
    try:
        listed = apart.get(f"{apart.at('cloud')}/-/").json()["mixins"]
    except httpx.TransportError:
        return []
    known = [each["scheme"] + each["term"] for each in listed if "accords.org" in each["scheme"]]
    found = [next((each for each in known if f"/{family}#" in each), "") for family in ("os_tpl", "resource_tpl")]
    return found if all(found) else []


def states(apart: Apart) -> list[str]:
    try:
        found = apart.get(f"{apart.at('cloud')}/compute/").json().get("resources", [])
    except httpx.TransportError:
        return []
    return [str(each["attributes"]["occi.compute.state"]) for each in found]


def needed(apart: Apart, name: str) -> None:
    """Requests that need the row are told so: by other rows, and by what everybody uses to reach rows."""
    if name in NEEDED:
        answer = NEEDED[name](apart)
        assert (answer.status_code, answer.json().get("row")) == (503, name), answer.text
        assert int(answer.headers["Retry-After"]) > 0
    if name in {row.name for row in ROWS}:
        with pytest.raises(RowDown) as caught:
            apart.machines["desk"].call(lambda: reached(apart, name))
        assert (caught.value.status, caught.value.fields["row"]) == (503, name)
        assert int(str(caught.value.fields["retry_after"])) > 0


def reached(apart: Apart, name: str) -> None:
    client = apart.client()
    try:
        client.get(name, "/-/")
    finally:
        client.close()


def asked_again(apart: Apart, name: str) -> None:
    """The same request completes when the row is back."""
    if name in NEEDED:
        done = 404 if name == "manifest" else 201  # there is no such plan
        until(lambda: NEEDED[name](apart).status_code == done, lambda: NEEDED[name](apart).text)


def stored(apart: Apart) -> set[tuple[str, str, str]]:
    """What the account has at each row, in its database."""
    found = set()
    for row in ROWS:
        with apart.store(row.name) as store, store.read() as tx:
            records = entities.page(tx, "ward", limit=100_000).records
        found |= {(row.name, each.kind, each.id) for each in records if each.account == "ward"}
    return found


def twice(apart: Apart) -> list[tuple[str, str]]:
    """What the cloud made more than once for one token."""
    made = apart.of_cloud(lambda cloud: [(each.kind.value, each.token) for each in cloud.made()])
    return sorted({each for each in made if made.count(each) > 1})


def computes(apart: Apart) -> list[str]:
    found = apart.get(f"{apart.at('cloud')}/compute/").json().get("resources", [])
    return [str(each["id"]) for each in found]
