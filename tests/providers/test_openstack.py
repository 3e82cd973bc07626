"""What the openstack driver decides by itself, without a cloud: names, rules, ranges, errors, which of two stays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from providers import open_provider
from providers.adapter import Wire
from providers.edge import called
from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.openstack.errors import translated
from providers.openstack.firewalls import Line, lines
from providers.openstack.networks import free_range
from providers.openstack.once import MADE, Begun, made
from providers.openstack.tags import key_name, key_tags, labels, server_tags, told
from providers.prices import prices
from providers.protocol import Kind, NetworkSpec, Resource, Rule, State

TAGS = st.dictionaries(st.text(min_size=1, max_size=30), st.text(max_size=60), max_size=8)


@given(TAGS)
def test_neutrons_tags_say_what_was_said(tags: dict[str, str]) -> None:
    assert told(labels(tags)) == tags
    assert not any("," in each for each in labels(tags))


@given(st.dictionaries(st.sampled_from(["accords-token", "accords-service"]), st.text(max_size=20)))
def test_a_key_pairs_name_holds_its_tags(tags: dict[str, str]) -> None:
    assert key_tags(key_name("pacs", tags)) == ("pacs", tags)


def test_the_tags_that_every_key_of_a_service_carries_fit_into_its_name() -> None:
    tags = {
        "accords-installation": "k3j4h5k3j4h5k3j4h5k3j4h5k3",
        "accords-account": "some-hospital-account",
        "accords-service": "5b1e3f0a-9d0c-5c53-8a4e-3c8f0f5d2b11",
        "accords-step": "create key/pacs-archive-service",
        "accords-token": "abcdefghijklmnop234567qrst",
        "accords-node": "pacs.0",
    }
    assert key_tags(key_name("my-imaging-service-pacs-key", tags)) == ("my-imaging-service-pacs-key", tags)


def test_a_key_whose_tags_do_not_fit_is_refused() -> None:
    with pytest.raises(Refused, match="nova has 255"):
        key_name("k", {"note": "".join(map(chr, range(256, 600)))})


@given(st.text())
def test_whatever_a_key_pair_of_others_is_called_it_is_none_of_ours_or_a_table(name: str) -> None:
    found = key_tags(f"x accords-{name}")
    assert found is None or isinstance(found[1], dict)


def test_nova_gets_the_tags_that_it_takes() -> None:
    assert server_tags({"accords-token": "t", "note": "x", "accords-service": "s" * 60}) == ["accords-token=t"]


@pytest.mark.parametrize(
    ("rule", "group", "expected"),
    [
        (Rule("tcp", 80, 90, "192.0.2.7"), "", [Line("IPv4", "tcp", 80, 90, "192.0.2.7/32", None)]),
        (Rule("TCP", 0, 0, "node:db"), "g", [Line("IPv4", "tcp", None, None, None, "g")]),
        (Rule("icmp", 1, 2, "::/0"), "", [Line("IPv6", "ipv6-icmp", None, None, "::/0", None)]),
        (Rule("all", 0, 0, "0.0.0.0/0"), "", [Line("IPv4", None, None, None, "0.0.0.0/0", None)]),
        (
            Rule("any", 53, 53, "0.0.0.0/0"),
            "",
            [Line("IPv4", each, 53, 53, "0.0.0.0/0", None) for each in ("tcp", "udp")],
        ),
    ],
)
def test_a_rule_becomes_lines_of_neutrons(rule: Rule, group: str, expected: list[Line]) -> None:
    assert lines(rule, group) == expected


@given(st.sets(st.integers(0, 3), max_size=3), st.text())
def test_a_free_range_overlaps_none_that_is_taken(used: set[int], token: str) -> None:
    taken = [IPv4Network((10 << 24 | each << 8, 24)) for each in used]
    found = free_range(IPv4Network("10.0.0.0/22"), taken, token)
    assert found.subnet_of(IPv4Network("10.0.0.0/22"))
    assert not any(found.overlaps(each) for each in taken)


def test_a_pool_without_a_free_range_says_so() -> None:
    with pytest.raises(Quota, match="set a larger `pool`"):
        free_range(IPv4Network("10.0.0.0/24"), [IPv4Network("10.0.0.128/25")], "t")


class Answered(Exception):
    """An error of the SDK's with an answer of the cloud, which is JSON."""

    def __init__(self, status: int, details: str, method: str = "POST", **headers: str) -> None:
        super().__init__(details)
        self.details = details
        self.response = requests.Response()
        self.response.status_code = status
        self.response.headers.update(headers)
        self.response._content = orjson.dumps({"error": {"message": details}})
        self.response.request = requests.Request(method, "http://nova.invalid/servers").prepare()


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (Answered(400, "Invalid input for field/attribute flavorRef"), Refused),
        (Answered(400, "Can not find requested image"), NotFound),
        (Answered(400, "Invalid volume: Volume status must be available or error"), Conflict),
        (Answered(401, "The request you have made requires authentication."), Auth),
        (Answered(403, "Policy doesn't allow"), Refused),
        (Answered(403, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"), Quota),
        (Answered(404, "Instance could not be found"), NotFound),
        (Answered(409, "Security Group in use"), Conflict),
        (Answered(409, "Quota exceeded for resources: ['network']."), Quota),
        (Answered(413, "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota"), Quota),
        (Answered(413, "This request was rate-limited."), Throttled),
        (Answered(429, "Too Many Requests"), Throttled),
        (Answered(500, "Unexpected API Error"), Ambiguous),
        (Answered(503, "no server is available"), Ambiguous),
        (Answered(503, "no server is available", "GET"), Unavailable),
        (KeyError("servers"), Ambiguous),
    ],
)
def test_each_error_of_the_cloud_is_one_of_ours_with_its_sentence(error: Exception, meant: type[ProviderError]) -> None:
    found = translated(error)
    assert type(found) is meant
    assert str(getattr(error, "details", error)) in found.message


def test_a_gateways_page_is_no_news_that_a_thing_is_gone() -> None:
    page = Answered(404, "Not Found")
    page.response._content = b"<html>Not Found</html>"
    assert type(translated(page)) is Ambiguous


def test_throttling_says_how_long_to_wait() -> None:
    found = translated(Answered(413, "rate-limited", **{"Retry-After": "7"}))
    assert isinstance(found, Throttled)
    assert found.delay == 7.0


def thing(id: str, made: str) -> Resource:
    return Resource(Kind.NETWORK, id, "lan", State.ACTIVE, "t", {}, (), {MADE: made})


class Shelf:
    """A room whose `begin` finds `others` there as well when it looks again."""

    kind = Kind.NETWORK

    def __init__(self, *others: Resource) -> None:
        self.others = others
        self.there: list[Resource] = []

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return list(self.there)

    def begin(self, spec: Any, token: str, tags: Mapping[str, str]) -> Resource:
        self.there = [thing("mine", "2026-01-01T00:00:05Z"), *self.others]
        return self.there[0]

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        return self.there

    def observe(self, id: str) -> Resource:
        return next(each for each in self.there if each.id == id)

    def delete(self, id: str) -> None:
        self.there = [each for each in self.there if each.id != id]


def test_of_two_that_were_made_by_one_token_the_older_stays() -> None:
    shelf = Shelf(thing("older", "2026-01-01T00:00:04Z"))
    assert made(shelf, NetworkSpec("lan"), "t", {}, again=True).id == "older"
    assert [each.id for each in shelf.there] == ["older"]


def test_the_newer_of_two_is_left_to_whoever_made_it() -> None:
    shelf = Shelf(thing("newer", "2026-01-01T00:00:06Z"))
    assert made(shelf, NetworkSpec("lan"), "t", {}, again=True).id == "mine"
    assert len(shelf.there) == 2


def test_who_cannot_tell_which_is_older_gives_way_and_comes_again() -> None:
    shelf = Shelf(thing("twin", "2026-01-01T00:00:05Z"))
    with pytest.raises(Conflict, match="come again"):
        made(shelf, NetworkSpec("lan"), "t", {}, again=True)
    assert [each.id for each in shelf.there] == ["twin"]


def test_what_was_not_begun_here_is_looked_for_afterwards_only() -> None:
    shelf, begun = Shelf(), Begun()
    asked: list[str] = []
    shelf.bearing = lambda token, tags: asked.append(token) or list(shelf.there)  # type: ignore[method-assign]
    for _ in range(2):
        assert made(shelf, NetworkSpec("lan"), "t", {}, again=begun.again("t")).id == "mine"
    assert asked == ["t", "t"], "one look after it was made, one before it would be made again"


def test_a_request_after_a_change_is_known_to_have_changed_something() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"a": 1})))
    sends = requests.Session()
    sends.mount("http://", Wire(client, "paris"))
    with called(5.0) as call:
        sends.post("http://keystone.invalid/v3/auth/tokens")
        assert sends.get("http://nova.invalid/servers").json() == {"a": 1}
        assert not call.changed
        sends.post("http://nova.invalid/servers", json={})
    assert call.changed


def test_without_time_nothing_is_sent() -> None:
    asked: list[httpx.Request] = []
    client = httpx.Client(transport=httpx.MockTransport(asked.append))  # type: ignore[arg-type]  # never answers
    sends = requests.Session()
    sends.mount("http://", Wire(client, "paris"))
    with called(0.0), pytest.raises(Unavailable):
        sends.get("http://nova.invalid/servers")
    assert not asked


def test_the_sdk_is_imported_when_a_driver_is_opened_and_not_before() -> None:
    code = "import sys, providers; assert not {'openstack', 'keystoneauth1', 'requests'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_driver_whose_library_is_not_there_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['keystoneauth1'] = None; import providers\n"
        "try: providers.open_provider('paris', 'openstack', {})\n"
        "except providers.Refused as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "pip install 'accords[openstack]'" in said


def test_wrong_options_are_all_named() -> None:
    with pytest.raises(Refused, match=r"url: .*; colour: "):
        open_provider("paris", "openstack", {"url": "ftp://x", "colour": "blue"})


def test_a_cloud_that_clouds_yaml_does_not_have_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    with pytest.raises(Auth, match="nowhere"):
        open_provider("paris", "openstack", {"cloud": "nowhere"})


def test_prices_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("m1.tiny: 0.004\n")
    assert str(prices(tmp_path / "prices.yaml")["m1.tiny"]) == "0.004"
    with pytest.raises(Refused, match="cannot be read"):
        prices(tmp_path / "none.yaml")
