"""Whether an answer is what the description of its row says: the path and method, the status, the media type, the JSON.

`jsonschema` judges, which had no part in making the description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from jsonschema import Draft202012Validator

from broker.services import ROWS
from broker.settings import Settings
from broker.web import openapi

Call = Callable[..., httpx.Response]
ORDINARY = Settings()


@cache
def judge(row: str) -> Judge:
    """That of a row by itself, as it is served unless settings say otherwise; `all`: of all rows at one address."""
    return Judge(openapi.of_rows(ROWS, ORDINARY) if row == "all" else openapi.of_row(row, ORDINARY))


def judged(call: Call) -> Call:
    """The same calls, each answer held against the description."""

    def watched(row: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> httpx.Response:
        answer = call(row, method, path, headers, body)
        judge(row)(method, path, answer)
        return answer

    return watched


class Judge:
    def __init__(self, description: Mapping[str, Any]) -> None:
        self._description = description
        self._validators: dict[int, Draft202012Validator] = {}
        templates = sorted(description["paths"], key=lambda path: path.count("{"))
        self._paths = [(re.compile(_pattern(path)), path) for path in templates]

    def __call__(self, method: str, address: str, answer: httpx.Response) -> None:
        operation = self.operation(method, urlsplit(address).path)
        if operation is None or answer.status_code in (405, 431):
            assert answer.status_code >= 400 or method == "OPTIONS", f"{method} {address} is not described"
            return
        told = f"{method} {address}: {answer.status_code} {dict(answer.headers)}\n{answer.text[:2000]}"
        said = self._said(operation["responses"].get(str(answer.status_code)))
        assert said is not None, f"this status is not described. {told}"
        for name in said.get("headers", {}):
            assert name in answer.headers or name in _SOMETIMES, f"{name} is missing. {told}"
        if answer.content:
            media = answer.headers["content-type"].partition(";")[0]
            if media in _TEXTS:
                return
            assert media in said.get("content", {}), f"this media type is not described. {told}"
            self._check(said["content"][media]["schema"], media, answer, told)

    def operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        """HEAD is as GET is. A path of several parts that nothing else is at may be a user's mixin's."""
        asked = {"HEAD": "get"}.get(method, method.lower())
        template = next((template for found, template in self._paths if found.fullmatch(path)), None)
        if template is None and path.endswith("/"):
            template = "/{tag}/"
        found: Mapping[str, Any] | None = self._description["paths"].get(template, {}).get(asked)
        return found

    def _said(self, response: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if response is not None and "$ref" in response:
            found: Mapping[str, Any] = self._description["components"]["responses"][response["$ref"].rpartition("/")[2]]
            return found
        return response

    def _check(self, schema: Mapping[str, Any], media: str, answer: httpx.Response, told: str) -> None:
        if "json" not in media:
            return
        if id(schema) not in self._validators:
            whole = {**schema, "components": self._description["components"]}
            self._validators[id(schema)] = Draft202012Validator(whole)
        wrong = next(self._validators[id(schema)].iter_errors(answer.json()), None)
        assert wrong is None, f"{wrong.json_path}: {wrong.message[:300]}. {told}"


_SOMETIMES = {"Location", "Content-Location", "Retry-After", "ETag"}
"""Headers that are there for one entity, and for a row that says when."""
_TEXTS = {"text/plain", "text/occi", "text/uri-list"}


def _pattern(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
