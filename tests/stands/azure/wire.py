"""What goes over the wire: a request, an answer, and an error as Resource Manager words it. No sockets here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is decoded and without its query; `query` has lower-case names; `headers` too."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes = b""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` None: no content. A text is sent as it is, anything else as JSON."""

    status: int
    body: Body | list[Body] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ArmError(Exception):
    """`{"error": {"code", "message", "target"?, "details": [...]}}`, with its status."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: tuple[tuple[str, str], ...] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.target = status, code, message, target
        self.details, self.headers = details, dict(headers or {})

    def body(self) -> Body:
        error: Body = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        if self.details is not None:
            error["details"] = [{"code": code, "message": message} for code, message in self.details]
        return error

    def answer(self) -> Answer:
        return Answer(self.status, {"error": self.body()}, self.headers)


_SCOPE = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourcegroups/(?P<group>[^/]+))?"
    r"(?:/providers/(?P<space>[^/]+))?(?P<rest>(?:/[^/]+)*)/?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Path:
    """A path of Resource Manager, taken apart: `/subscriptions/S/resourceGroups/G/providers/Space/type/name/...`."""

    subscription: str
    group: str
    space: str
    rest: tuple[str, ...]

    @property
    def type(self) -> str:
        """`microsoft.network/virtualnetworks/subnets`: the namespace and every other segment, in lower case."""
        return "/".join((self.space, *self.rest[::2])).lower()


def take_apart(path: str) -> Path | None:
    """None when the path is not one of a subscription."""
    found = _SCOPE.match(path)
    if not found:
        return None
    rest = tuple(part for part in found["rest"].split("/") if part)
    return Path(found["subscription"], found["group"] or "", found["space"] or "", rest)


def missing(path: Path, type: str) -> ArmError:
    """The resource of that path is not there."""
    name = "/".join(path.rest[1::2])
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{type}/{name}' under resource group '{path.group}' was not found. For more details please go "
        "to https://aka.ms/ARMResourceNotFoundFix",
    )


def invalid(target: str, message: str) -> ArmError:
    """A value that Compute does not take."""
    return ArmError(400, "InvalidParameter", message, target=target)
