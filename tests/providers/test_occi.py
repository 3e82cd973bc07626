"""What the occi driver says and hears, without a broker: renderings as values, answers from a transport of ours."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import httpx
import orjson
import pytest

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
from providers.occi import Occi, Options, open_occi, words
from providers.occi.asking import Server, id_of, rendered
from providers.occi.asking import rule as said
from providers.occi.seeing import resource
from providers.occi.shown import Shown
from providers.occi.words import COMPUTE, TAGGED
from providers.protocol import (
    Ability,
    Action,
    Attachment,
    FirewallSpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    Rule,
    State,
    VolumeSpec,
)

GIB = 1024**3
IMAGE = "http://schemas.accords.org/occi/paris/os_tpl#debian"
SMALL = "http://schemas.accords.org/occi/paris/resource_tpl#small"
LOCATIONS = {
    COMPUTE: "/compute/",
    words.NETWORK: "/net/",
    words.STORAGE: "/storage/",
    words.FIREWALL: "/guard/",
    TAGGED: "/tagged/",
}
SERVER = Server(LOCATIONS, "paris", {"small": SMALL}, {IMAGE: IMAGE})
N1, V1, F1 = (id_of(kind, "t") for kind in (Kind.NETWORK, Kind.VOLUME, Kind.FIREWALL))
OFFER = {
    "provider": "paris",
    "zone": "paris-1",
    "sizes": [
        {
            "name": "S 1",
            "cores": 1,
            "memory": GIB,
            "disk": 0,
            "architecture": "x86_64",
            "price": "0.02",
            "template": SMALL,
        }
    ],
    "images": [
        {
            "id": "i1",
            "name": "Debian 12",
            "distribution": "debian",
            "version": "12",
            "architecture": "x86_64",
            "aliases": ["linux"],
            "template": IMAGE,
        }
    ],
    "left": {"machines": 3},
    "abilities": ["firewalls", "console", "volumes"],
    "currency": "EUR",
}


def category(type_id: str, location: str) -> dict[str, str]:
    scheme, _, term = type_id.partition("#")
    return {"term": term, "scheme": f"{scheme}#", "location": location}


MODEL = {
    "kinds": [category(*each) for each in LOCATIONS.items()],
    "mixins": [
        {**category(IMAGE, "/os/"), "depends": [words.OS_TEMPLATE]},
        {**category(SMALL, "/size/"), "depends": [words.RESOURCE_TEMPLATE]},
    ],
}
KNOWN = {"/-/": MODEL, "/offers": {"offers": [OFFER]}}


def driver(answer: Callable[[httpx.Request], httpx.Response], **options: object) -> Occi:
    """A driver whose server answers `/-/` with MODEL and has OFFER, and answers the rest as told."""

    def handle(request: httpx.Request) -> httpx.Response:
        known = KNOWN.get(request.url.path)
        return answer(request) if known is None else httpx.Response(200, json=known)

    said = Options.model_validate({"url": "http://occi.invalid", **options})
    return Occi("paris", said, httpx.MockTransport(handle))


def machine(word: str, **more: object) -> dict[str, object]:
    """A compute as a broker shows it that has made it."""
    made = {words.SERVICE: "/service/1", words.REFERENCE: "vm-1", "occi.compute.state": word}
    return {"kind": COMPUTE, "id": f"urn:uuid:{id_of(Kind.MACHINE, 't')}", "attributes": {**made, **more}}


def test_a_machine_is_said_as_a_compute_with_its_links_at_the_places_the_server_published() -> None:
    spec = MachineSpec(
        "pacs",
        "pacs",
        IMAGE,
        cores=2,
        memory=3 * GIB,
        networks=(N1,),
        addresses=("10.0.0.7",),
        firewall=F1,
        volumes=(Attachment(V1, "/srv/data"),),
        packages=("orthanc",),
        user_data="#cloud-config\n",
    )
    found = rendered(spec, "t", {"a": "b"}, SERVER)
    assert found["id"] == f"urn:uuid:{id_of(Kind.MACHINE, 't')}"
    assert (found["attributes"]["occi.compute.cores"], found["attributes"]["occi.compute.memory"]) == (2, 3.0)
    assert base64.b64decode(found["attributes"]["occi.compute.userdata"]) == b"#cloud-config\n"
    assert found["attributes"]["org.accords.machine.packages"] == ["orthanc"]
    assert {TAGGED, IMAGE} <= set(found["mixins"])
    assert [link["target"]["location"] for link in found["links"]] == [f"/net/{N1}", f"/storage/{V1}", f"/guard/{F1}"]
    assert found["links"][0]["attributes"]["occi.networkinterface.address"] == "10.0.0.7"


def test_a_size_by_name_is_its_template_and_no_numbers() -> None:
    found = rendered(MachineSpec("m", "m", IMAGE, cores=1, size="small"), "t", {}, SERVER)
    assert SMALL in found["mixins"]
    assert "occi.compute.cores" not in found["attributes"]


def test_rules_are_said_as_others_say_them_and_nodes_in_our_own_word() -> None:
    rules = (Rule("tcp", 80, 90, "192.0.2.0/24"), Rule("udp", 0, 0, "node:web"))
    found = rendered(FirewallSpec("fw", rules, N1), "t", {}, SERVER)["attributes"]
    assert found["occi.securitygroup.rules"] == [
        {"type": "inbound", "protocol": "tcp", "port": "80-90", "range": "192.0.2.0/24"},
        {"type": "inbound", "protocol": "udp", "node": "web"},
    ]
    assert found["org.accords.securitygroup.network"] == f"/net/{N1}"


def test_a_rule_that_no_firewall_could_keep_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(Refused, match="protocol"):
        said(Rule("carrier-pigeon", 1, 2, "0.0.0.0/0"))


@pytest.mark.parametrize(
    "changes",
    [{"image": "none"}, {"size": "none"}, {"firewall": "none"}, {"networks": ("none",)}],
    ids=lambda each: next(iter(each)),
)
def test_what_cannot_be_there_is_not_found_before_anybody_is_asked(changes: dict[str, object]) -> None:
    spec = replace(MachineSpec("pacs", "pacs", IMAGE), **changes)  # type: ignore[arg-type]  # fields of MachineSpec
    with pytest.raises(NotFound, match="there is no"):
        rendered(spec, "t", {}, SERVER)


def test_what_a_rendering_says_is_heard_back_to_the_byte() -> None:
    told = rendered(VolumeSpec("data", size=123_456_789), "t", {"k": "v"}, SERVER)
    told["attributes"] |= {"occi.storage.state": "online", words.SERVICE: "/service/1", words.REFERENCE: "v-1"}
    heard = resource(Shown.model_validate_json(orjson.dumps(told)))
    assert (heard.name, heard.token, heard.tags, heard.state) == ("data", "t", {"k": "v"}, State.ACTIVE)
    assert heard.facts["size"] == 123_456_789


@pytest.mark.parametrize(
    ("attributes", "state"),
    [
        ({"occi.compute.state": "active"}, State.ACTIVE),
        ({"occi.compute.state": "melting"}, State.ERROR),
        ({"occi.compute.state": "inactive", words.REFERENCE: None}, State.PENDING),
        ({"occi.compute.state": "error", words.REFERENCE: None}, State.ERROR),
        ({"occi.compute.state": "active", words.CHANGING: "stop"}, State.PENDING),
        ({"occi.compute.state": "inactive", words.CHANGING: "delete"}, State.PENDING),
    ],
)
def test_what_is_made_changed_or_given_back_over_there_is_pending(attributes: dict[str, str], state: State) -> None:
    shown = machine("active", **attributes)
    known = {name: value for name, value in dict(shown["attributes"]).items() if value is not None}  # type: ignore[call-overload]
    assert resource(Shown.model_validate({**shown, "attributes": known})).state is state


def test_a_broken_machine_says_why() -> None:
    shown = machine("error", **{"occi.compute.state.message": "no room"})
    assert resource(Shown.model_validate(shown)).facts["error"] == "no room"


def test_what_is_offered_is_what_the_broker_plans_with_and_can_be_asked_for() -> None:
    (found,) = driver(lambda _: httpx.Response(200, json={"resources": []})).offers(deadline=5.0)
    assert (found.zone, found.left, found.delivery) == ("paris-1", {"machines": 3}, "home")
    assert [(each.name, each.price) for each in found.sizes] == [("small", Decimal("0.02"))]
    assert [(each.id, each.distribution, each.aliases) for each in found.images] == [(IMAGE, "debian", ("linux",))]
    assert found.abilities == {Ability.VOLUMES, Ability.KEYS}  # its model shows no link to a firewall, and no console


def test_the_provider_that_is_meant_over_there_is_said_with_everything() -> None:
    bodies: list[dict[str, dict[str, object]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(orjson.loads(request.content))
        return httpx.Response(201, json=machine("active"))

    driver(answer).create(MachineSpec("m", "m", IMAGE), token="t", tags={}, deadline=5.0)
    assert bodies[0]["attributes"][words.PROVIDER] == "paris"


def test_an_entity_that_nobody_makes_is_taken_away_and_is_no_machine() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        plain = {"kind": words.NETWORK, "id": f"urn:uuid:{N1}", "attributes": {"occi.network.state": "inactive"}}
        return httpx.Response(201, json=plain)

    with pytest.raises(Unavailable, match="no provider yet"):
        driver(answer).create(NetworkSpec("lan"), token="t", tags={}, deadline=5.0)
    assert asked == ["PUT", "DELETE"]


def test_what_a_token_made_before_is_what_it_makes_again() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET" or request.headers["If-None-Match"] == "*"
        return httpx.Response(200 if request.method == "GET" else 412, json=machine("active"))

    made = driver(answer).create(MachineSpec("m", "m", IMAGE), token="t", tags={}, deadline=5.0)
    assert made.id == id_of(Kind.MACHINE, "t")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Auth),
        (403, Refused),
        (404, NotFound),
        (409, Conflict),
        (412, Conflict),
        (418, Refused),
        (429, Throttled),
        (500, Ambiguous),
        (501, Refused),
        (502, Ambiguous),
        (503, Unavailable),
        (507, Quota),
        (302, Refused),
    ],
)
def test_each_status_is_one_of_our_errors_with_the_servers_sentence(status: int, error: type[ProviderError]) -> None:
    found = driver(lambda _: httpx.Response(status, json={"title": "the server's sentence"}))
    with pytest.raises(error, match="the server's sentence") as raised:
        found.observe(Kind.MACHINE, id_of(Kind.MACHINE, "t"), deadline=5.0)
    assert raised.value.provider == "paris"


def test_a_throttled_answer_says_how_long_to_wait() -> None:
    found = driver(lambda _: httpx.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(Throttled) as raised:
        found.list({}, deadline=5.0)
    assert raised.value.delay == 7.0


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"kind": 1}', b"\xff\xfe", b'{"resources": "x"}'])
def test_an_answer_that_is_no_rendering_is_one_of_our_errors(body: bytes) -> None:
    found = driver(lambda _: httpx.Response(200, content=body))
    with pytest.raises(Ambiguous, match="no OCCI rendering"):
        found.observe(Kind.MACHINE, id_of(Kind.MACHINE, "t"), deadline=5.0)


def test_starting_what_is_active_asks_for_nothing() -> None:
    """OCCI refuses to start what is active (ACT-08); the Protocol says that asking again is fine."""
    found = driver(lambda request: httpx.Response(200 if request.method == "GET" else 409, json=machine("active")))
    assert found.act(Kind.MACHINE, id_of(Kind.MACHINE, "t"), Action.START, deadline=5.0).state is State.ACTIVE


def test_a_provider_that_the_broker_does_not_have_is_a_problem_with_its_mending() -> None:
    (problem,) = driver(lambda _: httpx.Response(404), provider="rome").check(deadline=5.0)
    assert "no offers of rome; it has paris" in problem.what
    assert problem.mend


def test_wrong_options_are_all_named() -> None:
    with pytest.raises(Refused, match=r"url: .*; colour: "):
        open_occi("paris", url="ftp://x", colour="blue")
