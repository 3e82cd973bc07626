"""OCCI's platform: applications and components are kept, follow their life cycle, and form no rings (GFD.227)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Occi

PLATFORM = "http://schemas.ogf.org/occi/platform#"


def made(ann: Occi, term: str, status: int = 201, **said: Any) -> str:
    body = {"kind": PLATFORM + term, **said}
    answer = ann.http.post(f"/{term}/", json=body, headers={"Content-Type": "application/occi+json"})
    assert answer.status_code == status, answer.text
    return str(answer.headers.get("Location", ""))


def application(ann: Occi) -> str:
    return made(ann, "application", attributes={"occi.app.name": "shop"})


def component(ann: Occi, *mixins: str) -> str:
    return made(ann, "component", mixins=[PLATFORM + each for each in mixins])


def link(ann: Occi, source: str, target: str, status: int = 201) -> str:
    ends = {name: {"location": end} for name, end in (("source", source), ("target", target))}
    return made(ann, "componentlink", status, **ends)


def act(ann: Occi, path: str, term: str, kind: str) -> int:
    body = {"action": f"http://schemas.ogf.org/occi/platform/{kind}/action#{term}"}
    headers = {"Content-Type": "application/occi+json"}
    return ann.http.post(path, params={"action": term}, json=body, headers=headers).status_code


@pytest.mark.occi("PLT-01")
def test_the_kinds_and_mixins_of_the_platform_are_listed(ann: Occi) -> None:
    found = ann.get("/-/", "application/occi+json").json()
    kinds = {each["scheme"] + each["term"] for each in found["kinds"]}
    assert {PLATFORM + term for term in ("application", "component", "componentlink")} <= kinds
    assert {PLATFORM + term for term in ("app_tpl", "res_tpl", "database", "databaselink")} <= ann.mixins().keys()


@pytest.mark.parametrize("kind", ["application", "component"])
@pytest.mark.occi("PLT-02")
def test_they_begin_active_and_stop_and_start(ann: Occi, kind: str) -> None:
    path = {"application": application, "component": component}[kind](ann)
    state = {"application": "occi.app.state", "component": "occi.component.state"}[kind]
    assert ann.attributes(path)[state] == "active"
    assert act(ann, path, "start", kind) == 409
    assert act(ann, path, "stop", kind) == 200
    assert ann.attributes(path)[state] == "inactive"
    assert act(ann, path, "start", kind) == 200
    assert ann.attributes(path)[state] == "active"


@pytest.mark.occi("PLT-03")
def test_components_form_no_ring_and_links_lead_to_components(ann: Occi) -> None:
    app, one, two = application(ann), component(ann), component(ann)
    link(ann, app, one)
    link(ann, one, two)
    link(ann, two, one, 409)
    link(ann, one, one, 409)
    link(ann, one, app, 400)
    assert len(ann.get("/componentlink/", "text/uri-list").text.split()) == 2


@pytest.mark.occi("PLT-04")
def test_an_application_has_a_name_and_its_addresses_are_the_servers_to_say(ann: Occi) -> None:
    made(ann, "application", 400)
    made(ann, "application", 403, attributes={"occi.app.name": "shop", "occi.app.url": "http://elsewhere/"})
    path = application(ann)
    found = ann.attributes(path)
    assert found["occi.app.url"] == found["occi.app.context"]
    assert str(found["occi.app.url"]).endswith(path.partition("8095")[2])


@pytest.mark.occi("PLT-05", "PLT-06")
def test_a_link_to_a_database_says_so_by_itself_and_only_the_server_says_where_it_is(ann: Occi) -> None:
    app, database = application(ann), component(ann, "database")
    path = link(ann, app, database)
    found = ann.get(path, "application/occi+json").json()
    assert PLATFORM + "databaselink" in found["mixins"]
    assert found["attributes"]["occi.database.uri"] == database.partition("8095")[2]
    kind = f'Category: componentlink; scheme="{PLATFORM}"; class="kind"\n'
    for name in ("uri", "username", "token"):
        said = ann.post(path.partition("8095")[2], f'{kind}X-OCCI-Attribute: occi.database.{name}="mine"\n')
        assert said.status_code == 403
    made(ann, "component", 403, mixins=[PLATFORM + "database"], attributes={"occi.database.version": "16"})
