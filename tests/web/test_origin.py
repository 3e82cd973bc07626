"""All rows at one address: what an OCCI client sees that is told of no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from broker import auth
from broker.occi.errors import Unknown
from broker.services import ROWS
from broker.settings import Settings
from broker.web import origin, selection
from broker.web.app import Rows
from tests.databases import database

PORT = 9000
PUBLIC = "https://cloud.example.org"
NODE = 'node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"'
STORAGE = 'storage; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"'
TAG = 'tag; scheme="http://example.org/ann#"; class="mixin"'

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    home = tmp_path_factory.mktemp("origin")
    settings = Settings(home=home, database=database(home), origin_port=PORT, public_url=PUBLIC)
    found = Rows(ROWS, settings, auth.installation(settings).key)
    yield found
    found.close()


@pytest.fixture
def call(rows: Rows) -> Call:
    """A client that a proxy stands before: it says https://cloud.example.org, the request comes to a port here."""
    site = rows.sites["node"]
    token = auth.issue(site.key, auth.Principal("ann", "ann", auth.Role.USER))
    http = httpx.Client(transport=httpx.WSGITransport(app=rows.by_port), base_url=f"http://127.0.0.1:{PORT}")

    def send(method: str, path: str, body: str = "", **headers: str) -> httpx.Response:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.request(method, path, content=body, headers={"Authorization": f"Bearer {token}", **said})

    return send


@pytest.fixture
def node(call: Call) -> Iterator[str]:
    """The address of a node; at the end nothing is left."""
    found = call("POST", "/node/", Category=NODE, X_OCCI_Attribute='occi.node.name="n"')
    yield found.headers["Location"]
    call("DELETE", "/")


def storage(call: Call) -> str:
    return call("POST", "/", Category=STORAGE, X_OCCI_Attribute="occi.storage.size=1.5").headers["Location"]


@pytest.mark.occi("NS-07")
def test_every_address_has_the_public_scheme_and_host(call: Call, node: str) -> None:
    assert node.startswith(f"{PUBLIC}/node/")
    assert call("GET", "/node/", Accept="text/uri-list").text == f"{node}\n"
    assert call("GET", "/", Accept="text/uri-list").text == f"{node}\n"


def test_the_query_interface_has_the_categories_of_all_rows_each_once(call: Call) -> None:
    lines = call("GET", "/-/").text.splitlines()
    assert [line[:17] for line in lines[:3]] == ["Category: entity;", "Category: resourc", "Category: link; s"]
    assert len(lines) == len(set(lines))
    classes = [line.split('class="')[1].split('"')[0] for line in lines]
    assert classes == sorted(classes, key=("kind", "mixin", "action").index)
    said = call("GET", "/-/", Accept="application/occi+json").json()
    listed = {kind["scheme"] + kind["term"] for kind in said["kinds"]}
    assert {kind for row in ROWS for kind in row.kinds} <= listed
    assert len(lines) == sum(map(len, said.values()))


@pytest.mark.parametrize("accept", ["text/plain", "text/occi", "application/json"])
def test_a_filter_takes_categories_of_several_rows(call: Call, accept: str) -> None:
    found = call("GET", "/-/", Accept=accept, Category=f"{NODE}, {STORAGE}")
    said = found.text + found.headers.get("Category", "")
    assert found.headers["Content-Type"].startswith(accept)
    assert all(word in said for word in ("/node/", "/storage/"))
    assert "/compute/" not in said
    assert call("GET", "/-/", Accept=accept, Category=TAG).status_code == 404


def test_all_of_it_does_not_fit_in_a_header(call: Call) -> None:
    found = call("GET", "/-/", Accept="text/occi")
    assert (found.status_code, "text/plain" in found.text) == (406, True)


def test_a_tag_has_members_of_several_rows(call: Call, node: str) -> None:
    made = storage(call)
    assert call("POST", "/-/", Category=f'{TAG}; location="/tags/x/"').text == "OK"
    assert [line for line in call("GET", "/-/").text.splitlines() if "ann#" in line] == [
        f'Category: {TAG}; location="/tags/x/"'
    ]
    both = call("POST", "/tags/x/", f"{node}\n{made}\n", Content_Type="text/uri-list", Accept="text/uri-list")
    assert set(both.text.splitlines()) == {node, made}
    assert set(call("GET", "/tags/x/").text.splitlines()) == {f"X-OCCI-Location: {each}" for each in (node, made)}
    one = call("PUT", "/tags/x/", X_OCCI_Location=made, Content_Type="text/occi", Accept="text/uri-list")
    assert one.text == f"{made}\n"
    assert call("DELETE", "/-/", Category=TAG).status_code == 200
    assert call("GET", "/tags/x/").status_code == 404
    assert call("DELETE", "/-/", Category=TAG).status_code == 404
    assert "tag;" not in call("GET", urlsplit(made).path).text


def test_what_one_row_would_refuse_is_made_at_none(call: Call) -> None:
    refused = call("POST", "/-/", Category=f'{TAG}; location="/contract/"')
    assert refused.status_code == 409
    assert TAG not in call("GET", "/-/").text
    assert call("DELETE", "/-/", Category=NODE.replace("kind", "mixin")).status_code == 404


def test_a_page_is_cut_out_of_what_all_rows_have(call: Call, node: str) -> None:
    found = {node, *(storage(call) for _ in range(3))}
    pages = [call("GET", f"/?page={n}&number=2", Accept="text/uri-list").text.splitlines() for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 2, 0]
    assert {uri for page in pages for uri in page} == found
    said = call("GET", "/?page=2&number=3", Accept="application/json").json()
    assert [len(members) for members in said.values()] == [1]
    assert len(call("GET", "/", Accept="text/occi").headers["X-OCCI-Location"].split(", ")) == 4


def test_a_page_may_be_further_back_than_one_page_of_a_row_reaches(
    call: Call, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row gives so many at once; here two, of a kind of which there are three."""
    for number in range(2):
        call("POST", "/node/", Category=NODE, X_OCCI_Attribute=f'occi.node.name="n{number}"')
    storage(call)
    for module in (origin, selection):
        monkeypatch.setattr(module, "LARGEST", 2)
    for accept in ("text/uri-list", "text/plain", "application/json"):
        told = [call("GET", f"/?page={n}&number=2", Accept=accept) for n in range(1, 4)]
        assert [each.text.count("/node/") + each.text.count("/storage/") > 0 for each in told] == [True, True, False]
    pages = [call("GET", f"/?page={n}&number=2", Accept="text/uri-list").text.splitlines() for n in range(1, 4)]
    assert [len(page) for page in pages] == [2, 2, 0]
    assert len({uri for page in pages for uri in page}) == 4
    assert call("GET", "/?page=3000&number=2", Accept="text/uri-list").text == "", "and no sooner than it ends"


def test_references_lead_to_other_rows_by_their_one_address(rows: Rows) -> None:
    site, kind = rows.sites["cloud"], "http://scheme.compatibleone.fr/scheme/compatible#node"
    registry = site.registries.base
    for said in ("/node/1", f"{PUBLIC}/node/1"):
        assert site.references.stored(registry, said) == f"{kind} 1"
    assert site.references.shown(registry, f"{kind} 1") == f"{PUBLIC}/node/1"
    assert site.references.stored(registry, "https://elsewhere.example/node/1") == "https://elsewhere.example/node/1"
    with pytest.raises(Unknown):
        site.references.stored(registry, "/nothing/1")


def test_links_of_all_kinds_are_together_at_their_parents_collection(call: Call, node: str) -> None:
    assert call("GET", "/link/").text == ""
    assert call("GET", "/resource/", Accept="text/uri-list").text == f"{node}\n"


def test_an_action_with_members_of_several_rows_is_done_with_none(call: Call, node: str) -> None:
    storage(call)
    asked = 'start; scheme="http://schemas.ogf.org/occi/infrastructure/compute/action#"; class="action"'
    refused = call("POST", "/?action=start", Category=asked, Content_Type="text/occi")
    assert (refused.status_code, "several servers: " in refused.text) == (409, True)


def test_our_own_client_says_which_row_it_means(call: Call) -> None:
    found = call("GET", "/-/", Accept="application/json", X_Accords_Row="node").json()
    assert [kind["term"] for kind in found["kinds"]] == ["entity", "resource", "link", "node"]


def test_nobody_passes_without_a_token(rows: Rows) -> None:
    with httpx.Client(transport=httpx.WSGITransport(app=rows.by_port), base_url=f"http://x:{PORT}") as http:
        for path in ("/-/", "/", "/node/", "/tags/x/"):
            assert http.get(path).status_code == 401


def test_what_is_nowhere_is_not_found_and_said_in_a_sentence(call: Call) -> None:
    for path in ("/nothing", "/nothing/", "/link/nothing"):
        found = call("GET", path)
        assert (found.status_code, found.text.count("\n")) == (404, 1)
