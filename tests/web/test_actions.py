"""An action on a collection whose members belong to services: each service is asked once, and all can or none does."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import orjson
import pytest

from broker import auth
from broker.store import Service, operations, services
from tests.http.brokers import InProcess

KIND = "http://schemas.ogf.org/occi/infrastructure#compute"
STOP = {"action": "http://schemas.ogf.org/occi/infrastructure/compute/action#stop"}


def bearer(broker: InProcess, name: str, account: str, role: auth.Role) -> dict[str, str]:
    token = auth.issue(broker.key, auth.Principal(name, account, role))
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "text/uri-list"}


def service(broker: InProcess, account: str, number: int, nodes: Sequence[str]) -> str:
    """A service that runs, and the computes of its nodes as the worker delivers them. Its id."""
    id = f"{number:08}-0b0a-4908-8706-050403020100"
    with broker.rows.sites["service"].store.write() as tx:
        services.create(tx, Service(account, id, f"s{number}"))
        operations.submit(tx, account, id, "deploy")
        lease = operations.take(tx, "worker", 60)
        assert lease is not None
        operations.finish(tx, lease, "done")
        services.set_state(tx, account, id, "active")
    put = [
        {
            "account": account,
            "kind": KIND,
            "id": f"{number:08}-2a9a-404f-8861-{place:012}",
            "sequence": 1,
            "attributes": {"occi.compute.state": "active", "org.accords.service": id, "org.accords.node": node},
        }
        for place, node in enumerate(nodes)
    ]
    headers = bearer(broker, "worker", auth.PLATFORM, auth.Role.WORKER)
    assert broker("cloud", "POST", "/.bulk", headers, orjson.dumps({"put": put})).status_code == 200
    return id


def stop_all(broker: InProcess, account: str) -> httpx.Response:
    headers = bearer(broker, "ann", account, auth.Role.USER)
    return broker("cloud", "POST", "/compute/?action=stop", headers, orjson.dumps(STOP))


def asked(broker: InProcess, account: str, service: str) -> tuple[str, object]:
    with broker.rows.sites["service"].store.read() as tx:
        found = operations.latest(tx, account, service)
    assert found is not None
    return found.kind, found.arguments.get("nodes")


@pytest.mark.occi("ACT-06")
def test_nodes_of_one_service_are_stopped_by_one_operation(broker: InProcess) -> None:
    id = service(broker, "together", 1, ["db", "web"])
    answer = stop_all(broker, "together")
    assert (answer.status_code, len(answer.text.splitlines())) == (200, 2), answer.text
    assert asked(broker, "together", id) == ("stop", ["db", "web"])


@pytest.mark.occi("ACT-06")
def test_a_service_that_cannot_keeps_all_others_from_it(broker: InProcess) -> None:
    one, other = service(broker, "several", 2, ["db"]), service(broker, "several", 3, ["web"])
    with broker.rows.sites["service"].store.write() as tx:
        services.set_state(tx, "several", other, "starting")
    answer = stop_all(broker, "several")
    assert answer.status_code == 409
    assert other in answer.text
    assert asked(broker, "several", one) == ("deploy", None)


def unowned(broker: InProcess, account: str) -> str:
    """A compute that no service owns, active. Its path."""
    headers = bearer(broker, "ann", account, auth.Role.USER) | {"Accept": "application/json"}
    made = broker("cloud", "POST", "/compute/", headers, orjson.dumps({"kind": KIND})).json()
    path = f"/compute/{made['id'].removeprefix('urn:uuid:')}"
    start = {"action": STOP["action"].replace("#stop", "#start")}
    assert broker("cloud", "POST", f"{path}?action=start", headers, orjson.dumps(start)).status_code == 200
    return path


def state(broker: InProcess, account: str, path: str) -> str:
    headers = bearer(broker, "ann", account, auth.Role.USER) | {"Accept": "application/json"}
    return str(broker("cloud", "GET", path, headers).json()["attributes"]["occi.compute.state"])


@pytest.mark.occi("ACT-06")
def test_what_no_service_owns_stops_with_the_others_or_not_at_all(broker: InProcess) -> None:
    path, id = unowned(broker, "mixed"), service(broker, "mixed", 4, ["db"])
    with broker.rows.sites["service"].store.write() as tx:
        services.set_state(tx, "mixed", id, "starting")
    assert stop_all(broker, "mixed").status_code == 409
    assert state(broker, "mixed", path) == "active"
    with broker.rows.sites["service"].store.write() as tx:
        services.set_state(tx, "mixed", id, "active")
    assert stop_all(broker, "mixed").status_code == 200
    assert (state(broker, "mixed", path), asked(broker, "mixed", id)) == ("inactive", ("stop", ["db"]))


def test_several_services_at_once_are_asked_for_by_servers_alone(broker: InProcess) -> None:
    body = orjson.dumps({"kind": "stop", "services": {}})
    ann = bearer(broker, "ann", "ward", auth.Role.USER) | {"Accept": "application/json"}
    assert broker("service", "POST", "/services/operations", ann, body).status_code == 403
    server = bearer(broker, "cloud", auth.PLATFORM, auth.Role.SERVER) | {"Accept": "application/json"}
    assert broker("service", "POST", "/services/operations", server, b"{}").json()["code"] == "request.invalid"
