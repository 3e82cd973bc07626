"""What the occi driver says and hears, without a broker: renderings as values, answers from a transport of ours."""

from __future__ import annotations

import base64
from collections.abc import Callable

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
from providers.occi import Occi, Options, open_occi
from providers.occi.rendering import FORMS, TAGGED, Model, Shown, id_of, rendered, resource
from providers.protocol import Action, Attachment, Kind, MachineSpec, State, VolumeSpec

GIB = 1024**3
COMPUTE = FORMS[Kind.MACHINE].kind
LOCATIONS = {
    COMPUTE: "/compute/",
    FORMS[Kind.NETWORK].kind: "/net/",
    FORMS[Kind.VOLUME].kind: "/storage/",
    TAGGED: "/tagged/",
}


def category(type_id: str, location: str) -> dict[str, str]:
    scheme, _, term = type_id.partition("#")
    return {"term": term, "scheme": f"{scheme}#", "location": location}


MODEL = {"kinds": [category(*each) for each in LOCATIONS.items()]}


def driver(answer: Callable[[httpx.Request], httpx.Response]) -> Occi:
    """A driver whose server answers `/-/` with MODEL, and the rest as told."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=MODEL) if request.url.path == "/-/" else answer(request)

    return Occi("paris", Options(url="http://occi.invalid"), httpx.MockTransport(handle))


def machine(state: str) -> dict[str, object]:
    return {"kind": COMPUTE, "id": f"urn:uuid:{id_of(Kind.MACHINE, 't')}", "attributes": {"occi.compute.state": state}}


def test_a_machine_is_said_as_a_compute_with_its_links_at_the_places_the_server_published() -> None:
    spec = MachineSpec(
        "pacs",
        "pacs",
        "default",
        cores=2,
        memory=3 * GIB,
        networks=("n1",),
        volumes=(Attachment("v1", "/srv/data"),),
        user_data="#cloud-config\n",
    )
    found = rendered(spec, "t", {"a": "b"}, LOCATIONS)
    assert found["id"] == f"urn:uuid:{id_of(Kind.MACHINE, 't')}"
    assert (found["attributes"]["occi.compute.cores"], found["attributes"]["occi.compute.memory"]) == (2, 3.0)
    assert base64.b64decode(found["attributes"]["occi.compute.userdata"]) == b"#cloud-config\n"
    assert [link["target"]["location"] for link in found["links"]] == ["/net/n1", "/storage/v1"]


def test_what_a_rendering_says_is_heard_back_to_the_byte() -> None:
    said = rendered(VolumeSpec("data", size=123_456_789), "t", {"k": "v"}, LOCATIONS)
    said["attributes"]["occi.storage.state"] = "online"
    heard = resource(Shown.model_validate_json(orjson.dumps(said)))
    assert (heard.name, heard.token, heard.tags, heard.state) == ("data", "t", {"k": "v"}, State.ACTIVE)
    assert heard.facts["size"] == 123_456_789


@pytest.mark.parametrize(
    "changes", [{"firewall": "f"}, {"packages": ("orthanc",)}, {"size": "large"}], ids=lambda each: next(iter(each))
)
def test_what_occi_cannot_say_of_a_machine_is_refused(changes: dict[str, object]) -> None:
    spec = MachineSpec("pacs", "pacs", "default", **changes)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="OCCI cannot say"):
        rendered(spec, "t", {}, LOCATIONS)


def test_a_state_without_a_word_of_ours_is_an_error() -> None:
    assert resource(Shown.model_validate(machine("melting"))).state is State.ERROR


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


def test_a_thing_that_is_up_by_itself_is_not_started() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(201, json=machine("active"))

    made = driver(answer).create(MachineSpec("m", "m", "default"), token="t", tags={}, deadline=5.0)
    assert made.state is State.ACTIVE
    assert asked == [f"PUT /compute/{id_of(Kind.MACHINE, 't')}"]


def test_starting_what_is_active_asks_for_nothing() -> None:
    """OCCI refuses to start what is active (ACT-08); the Protocol says that asking again is fine."""
    found = driver(lambda request: httpx.Response(200 if request.method == "GET" else 409, json=machine("active")))
    assert found.act(Kind.MACHINE, id_of(Kind.MACHINE, "t"), Action.START, deadline=5.0).state is State.ACTIVE


def test_a_server_that_is_no_broker_is_a_problem_with_its_mending() -> None:
    plain = Occi(
        "paris", Options(url="http://occi.invalid"), httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    )
    problems = plain.check(deadline=5.0)
    assert any("tagged" in each.what for each in problems)
    assert all("cloud row" in each.mend for each in problems)


def test_templates_of_operating_systems_are_images_beside_the_servers_choice() -> None:
    template = category("http://example.org/os#debian12", "/debian12/")
    model = Model.model_validate(
        {**MODEL, "mixins": [{**template, "depends": ["http://schemas.ogf.org/occi/infrastructure#os_tpl"]}]}
    )
    found = Occi(
        "paris",
        Options(url="http://occi.invalid"),
        httpx.MockTransport(lambda _: httpx.Response(200, content=model.model_dump_json())),
    )
    assert [each.id for each in found.offers(deadline=5.0)[0].images] == ["default", "http://example.org/os#debian12"]


def test_wrong_options_are_all_named() -> None:
    with pytest.raises(Refused, match=r"url: .*; colour: "):
        open_occi("paris", url="ftp://x", colour="blue")
