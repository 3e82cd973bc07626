"""Listing a collection: pages lead on, large ones come in pieces, and who has one already is told so."""

from __future__ import annotations

import re

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import auth
from broker.services import INFRASTRUCTURE
from broker.store import Record, entities
from broker.web import listing
from broker.web.marks import LASTS, PLACES, Marks
from tests.http.brokers import InProcess

COMPUTE, STORAGE, LINK = (INFRASTRUCTURE + term for term in ("compute", "storage", "storagelink"))
RENDERINGS = ("text/plain", "text/uri-list", "application/json")


def id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def put(
    broker: InProcess,
    account: str,
    *numbers: int,
    kind: str = COMPUTE,
    source: str | None = None,
    target: str | None = None,
) -> None:
    with broker.rows.sites["cloud"].store.write() as tx:
        for number in numbers:
            attributes = {"occi.compute.cores": 2} if kind == COMPUTE else {}
            entities.insert(tx, Record(account, kind, id(number), attributes=attributes, source=source, target=target))


def remove(broker: InProcess, account: str, number: int) -> None:
    with broker.rows.sites["cloud"].store.write() as tx:
        entities.delete(tx, account, COMPUTE, id(number))


def get(broker: InProcess, account: str, path: str, **headers: str) -> httpx.Response:
    token = auth.issue(broker.key, auth.Principal(account, account, auth.Role.USER))
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return broker("cloud", "GET", path, {"Authorization": f"Bearer {token}", **said})


def numbers(answer: httpx.Response) -> list[int]:
    """Which entities an answer shows, in its order."""
    if answer.headers["Content-Type"].startswith("application/"):
        shown = orjson.loads(answer.content)
        return [int(each["id"][-12:]) for each in (*shown.get("resources", ()), *shown.get("links", ()))]
    return [int(found) for found in re.findall(r"-8000-(\d{12})", answer.text)]


def following(answer: httpx.Response) -> str | None:
    found = re.fullmatch(r'<https?://[^/]+(/[^>]*)>; rel="next"', answer.headers.get("Link", ""))
    return None if found is None else found[1]


@pytest.mark.parametrize("accept", RENDERINGS)
def test_a_page_leads_to_the_next_and_what_stays_is_seen_once_whatever_comes_and_goes(
    broker: InProcess, accept: str
) -> None:
    account = f"walks-{accept.partition('/')[2]}"
    put(broker, account, *range(10, 30, 2))
    path: str | None = "/compute/?number=3"
    seen: list[int] = []
    while path is not None:
        answer = get(broker, account, path, Accept=accept)
        seen += numbers(answer)
        path = following(answer)
        if len(seen) == 3:
            put(broker, account, 1, 17)
            remove(broker, account, 14)
            remove(broker, account, 20)
    assert seen == [10, 12, 14, 16, 17, 18, 22, 24, 26, 28]


def test_pages_by_number_go_on_where_the_one_before_ended(broker: InProcess) -> None:
    put(broker, "counts", *range(10, 20))
    first = numbers(get(broker, "counts", "/compute/?page=1&number=4"))
    put(broker, "counts", 1)
    remove(broker, "counts", 12)
    second, third, fourth = (numbers(get(broker, "counts", f"/compute/?page={n}&number=4")) for n in (2, 3, 4))
    assert first + second + third == [*range(10, 20)]
    assert fourth == []


def test_a_page_that_nobody_was_led_to_is_found_by_its_number(broker: InProcess) -> None:
    put(broker, "jumps", *range(10, 20))
    assert numbers(get(broker, "jumps", "/compute/?page=3&number=4")) == [18, 19]
    assert numbers(get(broker, "jumps", "/?page=2&number=7", Accept="application/json")) == [17, 18, 19]


def test_text_occi_shows_no_link_that_is_not_occis(broker: InProcess) -> None:
    put(broker, "occi", 1, 2, 3)
    assert "Link" not in get(broker, "occi", "/compute/?number=2", Accept="text/occi").headers


@pytest.mark.parametrize("query", ["after=nowhere", "after=/compute/", "after=/compute/x&page=2"])
def test_a_page_behind_nothing_is_refused(broker: InProcess, query: str) -> None:
    assert get(broker, "lost", f"/compute/?{query}").status_code == 400


@pytest.mark.parametrize("accept", [*RENDERINGS, "application/occi+json"])
@pytest.mark.parametrize("path", ["/", "/compute/", "/storagelink/"])
def test_a_large_collection_comes_in_pieces_and_is_the_same_as_in_one(
    broker: InProcess, accept: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = "large"
    if not numbers(get(broker, account, "/compute/", Accept=accept)):
        put(broker, account, *range(1, 12))
        put(broker, account, *range(20, 23), kind=STORAGE)
        ends = {"source": f"{COMPUTE} {id(1)}", "target": f"{STORAGE} {id(20)}"}
        put(broker, account, *range(30, 35), kind=LINK, **ends)
    whole = get(broker, account, path, Accept=accept)
    monkeypatch.setattr(listing, "LARGEST", 2)
    pieces = get(broker, account, path, Accept=accept)
    assert "Content-Length" in whole.headers
    assert "Content-Length" not in pieces.headers
    assert pieces.headers["Content-Type"] == whole.headers["Content-Type"]
    if "json" in accept:
        assert orjson.loads(pieces.content) == orjson.loads(whole.content)
    else:
        assert pieces.content == whole.content


@pytest.mark.parametrize("accept", [*RENDERINGS, "text/occi"])
def test_who_has_a_collection_is_told_so_until_it_changes(broker: InProcess, accept: str) -> None:
    account = f"has-{accept.partition('/')[2]}"
    put(broker, account, 1)
    path = "/compute/?number=5"
    tag = get(broker, account, path, Accept=accept).headers["ETag"]
    again = get(broker, account, path, Accept=accept, If_None_Match=tag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = get(broker, account, path, Accept=accept, If_None_Match=tag, X_OCCI_Attribute="occi.compute.cores=2")
    assert other.status_code == 200
    put(broker, account, 2)
    changed = get(broker, account, path, Accept=accept, If_None_Match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)


def test_a_link_changes_the_collection_that_shows_it(broker: InProcess) -> None:
    put(broker, "linked", 1)
    before = get(broker, "linked", "/compute/", Accept="application/json").headers["ETag"]
    put(broker, "linked", 2, kind=LINK, source=f"{COMPUTE} {id(1)}", target=f"{STORAGE} {id(9)}")
    after = get(broker, "linked", "/compute/", Accept="application/json", If_None_Match=before)
    assert after.status_code == 200
    assert len(orjson.loads(after.content)["resources"][0]["links"]) == 1


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 90)), max_size=60), st.integers(0, 60))
@settings(deadline=None)
def test_the_nearest_place_is_the_last_kept_that_lasts(kept: list[tuple[int, int]], asked: int) -> None:
    now = 0.0
    marks = Marks(clock=lambda: now)
    known: dict[int, float] = {}
    for place, waits in kept:
        marks.keep("listing", place, str(place))
        known[place] = now
        now += waits
    living = [place for place, then in known.items() if place <= asked and then + LASTS > now]
    nearest = (max(living), str(max(living))) if living else (0, None)
    assert marks.nearest("listing", asked) == nearest
    assert marks.nearest("another", asked) == (0, None)


def test_no_more_places_are_kept_than_fit() -> None:
    marks = Marks(clock=lambda: 0.0)
    for place in range(1, PLACES + 100):
        marks.keep("listing", place, str(place))
    assert marks.nearest("listing", 10**9)[0] == PLACES
