"""What stands around a row: proxies, browsers, old clients, and other processes of the same row."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker import addresses, auth
from broker.errors import Misconfigured
from broker.services import ROWS
from broker.settings import Settings, load
from broker.web.app import Rows
from tests.databases import database
from tests.http.brokers import PATIENCE, Processes

NETWORK = 'network; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"'
TAG = 'tag; scheme="http://example.org/ann#"; class="mixin"'
PAGE = "https://page.example.org"


class Around:
    """A broker in this process; every one of the same home is another process of the same rows."""

    def __init__(self, home: Path, **said: Any) -> None:
        self.settings = Settings(home=home, database=database(home), **said)
        key = auth.installation(self.settings).key
        self.rows = Rows(ROWS, self.settings, key)
        self.token = auth.issue(key, auth.Principal("ann", "ann", auth.Role.USER))
        self._http = httpx.Client(transport=httpx.WSGITransport(app=self.rows.by_port))

    def __call__(self, method: str, path: str, host: str = "127.0.0.1", **headers: str) -> httpx.Response:
        said = {"Authorization": f"Bearer {self.token}"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"http://{host}:{addresses.port(self.settings, 'cloud')}{path}"
        return self._http.request(method, address, headers=said)

    def close(self) -> None:
        self.rows.close()


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Any]:
    made: list[Around] = []

    def make(**said: Any) -> Around:
        made.append(Around(tmp_path, **said))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.occi("NS-07")
def test_with_a_public_url_addresses_have_its_scheme_and_host(around: Any) -> None:
    broker = around(public_url="https://cloud.example.org/")
    assert (
        broker("POST", "/network/", Category=NETWORK)
        .headers["Location"]
        .startswith("https://cloud.example.org:8096/network/")
    )


@pytest.mark.occi("NS-07")
@pytest.mark.parametrize(
    "said",
    [
        {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "cloud.example.org"},
        {"Forwarded": "for=192.0.2.1;proto=https;host=cloud.example.org"},
    ],
)
def test_what_a_proxy_says_is_believed_where_it_is_trusted(around: Any, said: dict[str, str]) -> None:
    trusting, careful = around(trust_forwarded=True), around()
    made = trusting("POST", "/network/", Category=NETWORK, **said).headers["Location"]
    assert made.startswith("https://cloud.example.org/network/")
    assert "cloud.example.org" not in careful("GET", "/network/", **said).text
    listed = {"Content_Type": "text/occi", "X_OCCI_Location": made}
    assert trusting("POST", "/ipnetwork/", **listed, **said).text == f"X-OCCI-Location: {made}\n"
    assert careful("POST", "/ipnetwork/", **listed, **said).status_code == 404


@pytest.mark.parametrize("said", ["cloud.example.org", "https://x/occi", "https://x?y", "https://"])
def test_a_public_url_is_scheme_and_host(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("ACCORDS_PUBLIC_URL", said)
    with pytest.raises(Misconfigured, match="public_url"):
        load()


@pytest.mark.occi("HTTP-12")
def test_a_page_of_a_trusted_origin_may_ask_and_read(around: Any) -> None:
    broker = around(browser_origins=(PAGE,))
    asked = {
        "Origin": PAGE,
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "x-occi-attribute",
    }
    for path in ("/network/", "/-/", "/tags/any/"):
        found = broker("OPTIONS", path, Authorization="", **asked)
        assert found.status_code == 200
        assert found.headers["Access-Control-Allow-Origin"] == PAGE
        assert found.headers["Access-Control-Allow-Headers"] == "x-occi-attribute"
        assert "POST" in found.headers["Access-Control-Allow-Methods"]
    read = broker("GET", "/network/", Origin=PAGE).headers
    assert read["Access-Control-Allow-Origin"] == PAGE
    assert "X-OCCI-Location" in read["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in broker("GET", "/network/", Origin="https://other.example").headers


def test_without_the_setting_a_browser_asks_in_vain(around: Any) -> None:
    found = around()("OPTIONS", "/network/", Authorization="", Origin=PAGE, Access_Control_Request_Method="POST")
    assert found.status_code == 401


@pytest.mark.occi("HTTP-14")
def test_a_token_is_the_password_for_clients_that_know_http_basic_only(around: Any) -> None:
    broker = around()

    def said(text: bytes) -> int:
        basic = f"Basic {base64.b64encode(text).decode()}"
        return int(broker("GET", "/-/", Authorization=basic).status_code)

    assert said(b"anybody:" + broker.token.encode()) == 200
    assert [said(b"anybody:wrong"), said(b"nothing"), said(b"\xff:x"), said(b"")] == [401, 401, 401, 401]
    assert broker("GET", "/-/", Authorization="Basic !").status_code == 401


@pytest.mark.occi("NS-04", "CORE-47")
def test_entity_is_a_collection_of_everything_where_it_has_a_location(around: Any) -> None:
    broker = around(bind_entity=True)
    assert 'location="/entity/"' in broker("GET", "/-/").text.splitlines()[0]
    made = broker("POST", "/network/", Category=NETWORK).headers["Location"]
    assert broker("GET", "/entity/", Accept="text/uri-list").text == f"{made}\n"
    refused = broker(
        "POST", "/entity/", Category=NETWORK.replace("network", "entity").replace("infrastructure", "core")
    )
    assert refused.status_code == 400


@pytest.mark.occi("QI-14")
@pytest.mark.parametrize("path", ["/-/", "/.well-known/org/ogf/occi/-/"])
def test_what_does_not_fit_in_a_header_is_refused_and_what_to_do_is_said(around: Any, path: str) -> None:
    small, usual = around(header_limit=5000), around()
    refused = small("GET", path, Accept="text/occi")
    assert (refused.status_code, refused.headers["Content-Type"]) == (406, "text/plain; charset=utf-8")
    assert "text/plain" in refused.text
    assert "Category" not in refused.headers
    assert small("GET", path).status_code == 200
    assert len(usual("GET", path, Accept="text/occi").headers["Category"]) > 5000


@pytest.mark.occi("QI-13")
def test_a_users_mixin_is_known_to_other_processes_at_once_and_after_a_restart(around: Any) -> None:
    first, second = around(), around()
    made = first("POST", "/network/", Category=NETWORK).headers["Location"]
    for each in (first, second):
        assert each("GET", "/tags/x/").status_code == 404
    assert first("POST", "/-/", Category=f'{TAG}; location="/tags/x/"').status_code == 200
    assert second("POST", "/tags/x/", X_OCCI_Location=made).status_code == 200
    assert TAG in second("GET", made[len("http://127.0.0.1:8096") :]).text
    assert first("GET", "/tags/x/", Accept="text/uri-list").text == f"{made}\n"
    third = around()
    assert TAG in third("GET", "/-/").text
    assert third("DELETE", "/-/", Category=TAG).status_code == 200
    for each in (first, second):
        assert each("GET", "/tags/x/").status_code == 404
        assert TAG not in each("GET", "/-/").text
        assert each("GET", "/network/", Category=TAG).status_code == 404


@pytest.fixture(scope="module")
def compatible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("ACCORDS_OCCI_1_1", "true")
        environ.setenv("ACCORDS_ORIGIN_PORT", "9100")
        found = Processes(tmp_path_factory.mktemp("compatible"), together=True)
        found.start("all", "cloud")
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.occi("HTTP-01", "INF-40")
def test_in_1_1_mode_the_server_names_both_versions(compatible: Processes) -> None:
    token = auth.issue(compatible.key, auth.Principal("ann", "ann", auth.Role.USER))
    found = compatible("cloud", "GET", "/-/", {"Authorization": f"Bearer {token}", "User-Agent": "x OCCI/1.1"})
    assert found.headers.get_list("Server") == [found.headers["Server"]]
    assert found.headers["Server"].endswith(" OCCI/1.2 OCCI/1.1")
    assert "occi.compute.speed" in found.text
    with socket.create_connection((compatible.settings.host, 8096), timeout=PATIENCE) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b" OCCI/1.2 OCCI/1.1\r\n" in connection.recv(65536)


@pytest.mark.slow
def test_one_port_serves_all_rows(compatible: Processes) -> None:
    token = auth.issue(compatible.key, auth.Principal("ann", "ann", auth.Role.USER))
    asked = {"Authorization": f"Bearer {token}", "Category": NETWORK, "Content-Type": "text/occi"}
    origin = f"http://{compatible.settings.host}:9100"
    with httpx.Client(base_url=origin, timeout=PATIENCE) as client:
        made = client.post("/network/", headers=asked)
        assert made.headers["Location"].startswith(f"{origin}/network/")
        assert client.get("/", headers={**asked, "Accept": "text/uri-list"}).text == f"{made.headers['Location']}\n"
