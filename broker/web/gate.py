"""Before and after every request: who asks, for which account, in which version; one line in the log.

Nothing passes without a token but what is open to everybody (`broker.hooks.rows.OPEN`) and, where pages of other
origins may call, a browser's question which methods a path has: it asks before it may send one. What a principal may
see is decided by the account that the store is asked with, so a resource cannot forget to check.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import falcon

from broker import logs
from broker.auth import Principal, Role, bearer
from broker.client import ACCOUNT_HEADER, REQUEST_ID
from broker.web import negotiate

log = logging.getLogger(__name__)

NOBODY = Principal("nobody", "", Role.USER)
"""Whoever reads what is open, without a token: of no account, so that nothing that belongs to one is found."""

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Gate:
    """Falcon middleware. Leaves `principal`, `account` and `request_id` on the request's context. `browsers`: pages of
    other origins may call. `open`: path templates that are read without a token."""

    def __init__(
        self, verify: Callable[[str], Principal], row: str, *, browsers: bool = False, open: Iterable[str] = ()
    ) -> None:
        self._verify = verify
        self._row = row
        self._browsers = browsers
        self._open = [re.compile(re.sub(r"\{\w+\}", "[^/]+", template)) for template in open]

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        context = req.context
        context.began = time.perf_counter_ns()
        context.request_id = _request_id(req.env.get("HTTP_X_REQUEST_ID"))
        context.principal = None
        logs.context.set({"request": context.request_id})
        resp.set_header(REQUEST_ID, context.request_id)
        negotiate.check_version(req.env.get("HTTP_USER_AGENT"))
        if self._browsers and req.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in req.env:
            return
        principal = self._principal(req)
        context.principal = principal
        context.account = principal.acting_for(req.get_header(ACCOUNT_HEADER))

    def _principal(self, req: falcon.Request) -> Principal:
        token = req.env.get("HTTP_AUTHORIZATION")
        readable = token is None and req.method in ("GET", "HEAD")
        if readable and any(each.fullmatch(req.path) for each in self._open):
            return NOBODY
        return self._verify(bearer(token))

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        principal: Principal | None = req.context.principal
        log.info(
            "request",
            extra={
                "row": self._row,
                "method": req.method,
                "path": req.path,
                "status": resp.status_code,
                "who": principal.name if principal else None,
                "ms": round((time.perf_counter_ns() - req.context.began) / 1e6, 2),
            },
        )


def _request_id(given: str | None) -> str:
    """The client's own id when it is one, so that a request can be followed through several rows."""
    return given if given and _SANE.fullmatch(given) else os.urandom(8).hex()
