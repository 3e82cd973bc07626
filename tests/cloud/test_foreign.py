"""The requests that clients of others document, byte for byte in their own dialect, and what comes of them: a machine
on the network with the volume, not only an entity. Facts from their documentation and test suites; none of their code.

    rOCCI-cli   text/plain, no blank after a semicolon, kind with title and location, core attributes in links
    IM          text/plain, a blank after each, a device at the link, contextualization of OpenStack's clients
    ooi         text/occi: everything in headers, several categories in one; links without a category, whose
                address is in occi.core.target alone
    MartServer  PUT to an address that the client chose, `class="kind";` with a semicolon at the end
"""

from __future__ import annotations

import httpx
import pytest

from providers.protocol import Kind
from tests.cloud.conftest import DEBIAN, SMALL, Occi
from tests.operations.house import House

_I = "http://schemas.ogf.org/occi/infrastructure#"
BASE = "http://127.0.0.1:8095"
OS, SIZE = (id.partition("#") for id in (DEBIAN, SMALL))
CHOSEN = "/compute/f88486b7-0632-482d-a184-a9195733ddd0"

ROCCI = f"""\
Category: compute;scheme="http://schemas.ogf.org/occi/infrastructure#";class="kind";location="/compute/";title="Compute"
Category: {OS[2]};scheme="{OS[0]}#";class="mixin"
Category: {SIZE[2]};scheme="{SIZE[0]}#";class="mixin"
X-OCCI-Attribute: occi.core.title="rocci"
Link: <{{lan}}>;rel="{_I}network";category="{_I}networkinterface";occi.core.target="{{lan}}"
Link: <{{disk}}>;rel="{_I}storage";category="{_I}storagelink";occi.core.target="{{disk}}"
"""
IM = f"""\
Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"
Category: {OS[2]}; scheme="{OS[0]}#"; class="mixin"
Category: {SIZE[2]}; scheme="{SIZE[0]}#"; class="mixin"
Category: user_data; scheme="http://schemas.ogf.org/occi/infrastructure/compute#"; class="mixin"
X-OCCI-Attribute: occi.core.id="im-1"
X-OCCI-Attribute: occi.core.title="im"
X-OCCI-Attribute: occi.compute.hostname="im"
X-OCCI-Attribute: occi.compute.userdata="I2Nsb3VkLWNvbmZpZwo="
Link: <{{disk}}>; rel="{_I}storage"; category="{_I}storagelink"; occi.core.target="{{disk}}"; \
occi.storagelink.deviceid="/dev/hdb"
Link: <{{lan}}>; rel="{_I}network"; category="{_I}networkinterface"; occi.core.target="{{lan}}"
"""
OOI = {
    "Category": 'compute;scheme="http://schemas.ogf.org/occi/infrastructure#";class="kind",'
    f'{OS[2]};scheme="{OS[0]}#";class="mixin",{SIZE[2]};scheme="{SIZE[0]}#";class="mixin"',
    "X-OCCI-Attribute": 'occi.core.title="ooi"',
    "Link": '</bar>;rel="http://schemas.ogf.org/occi/infrastructure#network";occi.core.target="{base}{lan}",'
    '</bar>;rel="http://schemas.ogf.org/occi/infrastructure#storage";occi.core.target="{base}{disk}"',
}
MART = {
    "Category": 'compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind";',
    "X-OCCI-Attribute": f'occi.core.id="{CHOSEN[9:]}", occi.core.title="compute1", occi.compute.architecture="x64", '
    'occi.compute.cores=1, occi.compute.hostname="hostCompute", occi.compute.share=0, occi.compute.memory=2.0, '
    'occi.compute.state="inactive"',
}


@pytest.fixture
def ends(house: House, ann: Occi) -> dict[str, str]:
    """A network and a storage that are there."""
    found = {"lan": ann.thing("network"), "disk": ann.thing("storage", occi__storage__size=1)}
    house.work()
    return {**found, "base": BASE}


def sent(ann: Occi, method: str, path: str, headers: dict[str, str], body: str = "") -> httpx.Response:
    answer = ann.http.request(method, path, headers={"Accept": "text/plain", **headers}, content=body)
    assert answer.status_code == 201, answer.text
    return answer


def is_on_both(house: House, ann: Occi, path: str, ends: dict[str, str]) -> bool:
    """Whether it is a machine on the network that was there, with the volume that was."""
    house.work()
    (machine,) = (each for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE)
    found = ann.get(path, "application/occi+json").json()
    links = {each["target"]["location"]: each["attributes"] for each in found["links"]}
    assert found["attributes"]["occi.compute.state"] == "active"
    assert links[ends["lan"]]["occi.networkinterface.address"] == machine.addresses[0]
    assert links[ends["disk"]]["occi.storagelink.state"] == "active"
    return set(links) == {ends["lan"], ends["disk"]}


@pytest.mark.parametrize("text", [ROCCI, IM], ids=["rocci", "im"])
@pytest.mark.parametrize("media", ["text/plain", "text/plain,text/occi"])
def test_text_clients_get_a_machine_that_is_joined(
    house: House, ann: Occi, ends: dict[str, str], text: str, media: str
) -> None:
    answer = sent(ann, "POST", "/compute/", {"Content-Type": media}, text.format(**ends))
    assert answer.text == f"X-OCCI-Location: {answer.headers['Location']}\n"
    assert is_on_both(house, ann, httpx.URL(answer.headers["Location"]).path, ends)


def test_a_client_that_sends_headers_alone_gets_a_machine_that_is_joined(
    house: House, ann: Occi, ends: dict[str, str]
) -> None:
    headers = {name: value.format(**ends) for name, value in OOI.items()}
    answer = sent(ann, "POST", "/compute/", {"Content-Type": "text/occi", **headers})
    assert is_on_both(house, ann, httpx.URL(answer.headers["Location"]).path, ends)


def test_a_client_that_chooses_the_address_gets_a_machine_there(house: House, ann: Occi) -> None:
    sent(ann, "PUT", CHOSEN, {"Content-Type": "text/occi", **MART})
    house.work()
    assert ann.attributes(CHOSEN)["occi.compute.state"] == "active"
    assert ann.attributes(CHOSEN)["occi.compute.hostname"].lower() == "hostcompute"


def test_a_put_of_what_was_read_is_taken_in_the_types_that_clients_know(house: House, ann: Occi) -> None:
    """pOCCI writes back strings and numbers; a boolean it reads and cannot write."""
    path = ann.made()
    house.work()
    found = ann.get(path).text
    assert "=true" not in found
    assert "=false" not in found
    assert ann.send("PUT", path, found).status_code == 200
