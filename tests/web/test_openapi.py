"""Each row describes its JSON side, and all rows together; what is described is what is served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from jsonschema import Draft202012Validator

from broker import addresses
from broker.hooks import rows, views
from broker.hooks.rows import wired
from broker.occi import kinds
from broker.occi.model import Kind
from broker.services import ROWS
from broker.settings import Settings
from broker.web import openapi
from broker.web.app import common
from broker.web.operations import JSONS
from tests.http.brokers import InProcess

ALL = openapi.of_rows(ROWS, Settings())
NAMES = [row.name for row in ROWS]


def operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in description["paths"].values():
        yield from path.values()


@pytest.mark.parametrize("row", NAMES)
def test_each_row_serves_its_description_to_everybody_and_once(broker: InProcess, row: str) -> None:
    answer = broker(row, "GET", openapi.PATH, {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == orjson.loads(orjson.dumps(openapi.of_row(row, broker.settings)))
    again = broker(row, "GET", openapi.PATH, {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("row", [*NAMES, "all"])
def test_every_reference_leads_somewhere_and_every_schema_is_one(row: str) -> None:
    description = ALL if row == "all" else openapi.of_row(row, Settings())
    for reference in references(description):
        found: Any = description
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    for schema in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_an_operation_has_a_name_of_its_own() -> None:
    names = [each["operationId"] for each in operations(ALL)]
    assert len(names) == len(set(names))


def test_every_kind_and_every_route_is_described() -> None:
    for row in map(wired, ROWS):
        own = openapi.of_row(row.name, Settings())["paths"]
        for kind in kinds.categories(row.name):
            if isinstance(kind, Kind) and not kind.abstract:
                assert {"get", "put", "post", "delete"} == own[f"{kind.location}{{id}}"].keys()
        for path, methods in row.routes.items():
            assert {method.lower() for method in methods} == own[path].keys()


def test_no_view_is_described_that_is_nowhere() -> None:
    hooks = rows.HOOKS.values()
    used = {function for each in hooks for function in (*each.routes.values(), each.listing, each.documents)}
    used |= {function for row in rows.ROUTES.values() for path in row.values() for function in path.values()}
    assert used - {None} == set(views.VIEWS)


def test_both_names_of_the_rendering_are_described_alike() -> None:
    for each in operations(ALL):
        content = each.get("requestBody", {}).get("content", {})
        if JSONS[0] in content:
            assert content.keys() >= set(JSONS)


def test_what_is_secret_is_only_written_and_what_is_the_servers_only_read() -> None:
    user = ALL["components"]["schemas"]["user.attributes"]["properties"]
    assert user["occi.user.password"]["writeOnly"]
    compute = ALL["components"]["schemas"]["compute.attributes"]["properties"]
    assert compute["occi.compute.state"]["readOnly"]


def test_1_1_mode_describes_what_1_1_had() -> None:
    older = openapi.of_row("cloud", Settings(occi_1_1=True))
    assert "1.1 mode" in older["info"]["description"]
    assert older["components"]["schemas"] != openapi.of_row("cloud", Settings())["components"]["schemas"]


def test_all_rows_at_one_address_describe_themselves_together(broker: InProcess) -> None:
    settings = broker.settings.model_copy(update={"origin_port": addresses.port(broker.settings, "publisher") + 90})
    app = common(broker.rows.apps, settings, broker.key)
    client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://broker")
    assert client.get(openapi.PATH).json() == orjson.loads(orjson.dumps(openapi.of_rows(ROWS, settings)))


PAGE = Path(__file__).parents[2] / "docs" / "openapi.md"


def test_the_pages_example_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(block, PAGE.name, "exec"), {})  # noqa: S102 - our own page
