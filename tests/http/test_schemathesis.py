"""schemathesis asks each row what its description says can be asked, rightly and wrongly, and holds the answers against
it: status, media type, headers, JSON, what is wrong refused and what is right taken, nothing without a token.

A few kinds stand for all in the ordinary suite; the slow one asks for everything of every row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.openapi.checks import RejectedPositiveData

from broker import auth
from broker.hooks import event, publication
from broker.services import ROWS
from broker.web import openapi
from broker.web.app import common
from tests.http.brokers import InProcess

POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "501"]
CHECKS = schemathesis.Config.from_dict(
    {
        "checks": {
            # An entity that is not there, a version that is not the newest: the request was right none the less.
            # An action that a kind has and nothing here carries out is not implemented, and says so (501).
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "401", "403", "404", "409", "412", "501"]},
            "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "501"]},
            "negative_data_rejection": {"expected-statuses": REFUSED},
        }
    }
)

SOME: Mapping[str, tuple[str, ...]] = {
    "publisher": ("/rows", "/operator/"),
    "manifest": ("/schemas", "/schemas/{name}", "/definitions/metric/{name}", "/manifest/", "/manifest/{id}/document"),
    "account": ("/user/", "/user/{id}"),
    "service": ("/service/", "/service/{id}/report", "/service/{id}/logs", "/event/", "/provider/", "/volumes/{id}"),
    "cloud": ("/", "/-/", "/{tag}/", "/link/", "/compute/", "/compute/{id}", "/storagelink/{id}", "/os_tpl/", "/.bulk"),
}
"""What stands for all: a row's paths."""

BEYOND = (
    "is not known here",  # a mixin's attribute, where the entity has not the mixin
    "leads from",  # a link between kinds that it is not for
    "begins at",
    "is not defined for",  # an action that only some of a collection's kinds have
    "is no moment",  # the 30th of February
    "document.invalid",  # a document's grammar is that of /schemas
    "names no kind",  # a tag that is drawn by the name of a kind: /term/
    "no public SSH key",  # its bytes say what key it is
    "needs occi.",  # what a service or plan is made from, which only whoever makes one has to say
)
"""Why a request may be refused that no schema can speak against."""


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`?wait=` is taken for what it is, and answered at once."""
    monkeypatch.setattr(event, "LONGEST", 0.0)
    monkeypatch.setattr(publication, "LONGEST", 0.0)


Row = tuple[schemathesis.BaseSchema, dict[str, str]]


@pytest.fixture(scope="module")
def described(in_process: InProcess) -> Callable[[str], Row]:
    """A row by its own description, and the headers of somebody who may ask it; `all`: all rows at one address."""

    @cache
    def find(name: str) -> Row:
        app = in_process.rows.apps.get(name) or common(in_process.rows.apps, in_process.settings, in_process.key)
        token = auth.issue(in_process.key, auth.Principal("ann", "schemathesis", auth.Role.USER))
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return schemathesis.openapi.from_wsgi(openapi.PATH, app, config=CHECKS), headers

    return find


@pytest.mark.parametrize("mode", [POSITIVE, NEGATIVE], ids=["rightly", "wrongly"])
@pytest.mark.parametrize("row", SOME)
def test_what_is_described_is_what_is_answered(described: Callable[[str], Row], row: str, mode: GenerationMode) -> None:
    for operation in _operations(described(row)[0], SOME[row]):
        ask(described(row), operation, mode, examples=4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("row", [row.name for row in ROWS])
def test_everything_described_is_what_is_answered(described: Callable[[str], Row], row: str) -> None:
    for operation in _operations(described(row)[0]):
        ask(described(row), operation, POSITIVE, examples=5)


@pytest.mark.slow
def test_all_rows_at_one_address_answer_as_they_describe(described: Callable[[str], Row]) -> None:
    for operation in _operations(described("all")[0], [path for paths in SOME.values() for path in paths]):
        ask(described("all"), operation, POSITIVE, examples=5)


def _operations(schema: schemathesis.BaseSchema, paths: Collection[str] = ()) -> Iterator[APIOperation]:
    for found in schema.get_all_operations():
        if not paths or found.ok().path in paths:
            yield found.ok()


def ask(row: Row, operation: APIOperation, mode: GenerationMode, *, examples: int) -> None:
    """The same questions each time: a failure here is a failure everywhere."""

    @settings(**SETTINGS, max_examples=examples)
    @given(operation.as_strategy(generation_mode=mode))
    def questions(case: Case) -> None:
        _ask(case, row[1])

    with suppress(Unsatisfiable):  # nothing can be asked wrongly here
        questions()


SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.generate],  # schemathesis prints the request: a smaller one is not worth the wait
    "suppress_health_check": list(HealthCheck),
}


def _ask(case: Case, headers: Mapping[str, str]) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _settle(case)
    answer = case.call(headers=dict(headers))
    try:
        case.validate_response(answer, headers=dict(headers))
    except FailureGroup as found:
        rest = [each for each in found.exceptions if not _is_meant(each, case, answer.text)]
        if rest:
            raise AssertionError("\n\n".join(map(str, (*rest, found)))) from None


def _settle(case: Case) -> None:
    """Body and `?action=` go together, which OpenAPI has no word for."""
    query = {name: value for name, value in (case.query or {}).items() if name != "action"}
    if isinstance(case.body, dict) and isinstance(case.body.get("action"), str):
        query["action"] = case.body["action"].rpartition("#")[2]
    case.query = query


def _is_meant(failure: BaseException, case: Case, answer: str) -> bool:
    if isinstance(failure, RejectedPositiveData):
        return any(reason in answer for reason in BEYOND)
    return isinstance(failure, AcceptedNegativeData) and _is_forgiven(case, answer)


def _is_forgiven(case: Case, answer: str) -> bool:
    """Values in quotes are taken for what they are of (TXT-13), and a PUT need not repeat the kind: whether the request
    is right otherwise. Events come without pages, whatever page is asked for."""
    if not isinstance(case.body, dict):
        return answer.startswith('{"events"')
    whole = case.operation.schema.raw_schema
    content = whole["paths"][case.operation.path][case.method.lower()]["requestBody"]["content"]
    schema = {**content[case.media_type]["schema"], "components": whole["components"]}
    body = _without_quoted(case.body)
    if case.method == "PUT" and "kind" not in body and "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        body["kind"] = whole["components"]["schemas"][name]["properties"].get("kind", {}).get("const")
    return bool(Draft202012Validator(schema).is_valid(body))


def _without_quoted(body: dict[str, Any]) -> dict[str, Any]:
    found = {**body, **{key: list(map(_without_quoted, body[key])) for key in ("resources", "links") if key in body}}
    if isinstance(body.get("attributes"), dict):
        found["attributes"] = {name: value for name, value in body["attributes"].items() if not isinstance(value, str)}
    return found
