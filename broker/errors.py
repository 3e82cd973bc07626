"""The broker's errors: one tree, each with a stable code and the HTTP status that the web layer gives it.

    AccordsError                    500
    ├── Invalid                     400  the request is not well formed, or says something impossible
    │   └── InvalidDocument         422  a document with diagnostics
    ├── Unauthenticated             401
    ├── Forbidden                   403
    ├── Missing                     404
    ├── Clash                       409  the state forbids it, or somebody else was first
    │   └── Stale                   412  the generation asked for is not the newest
    ├── TooLarge                    413
    ├── Unsupported                 415
    ├── Unacceptable                406
    ├── Unable                  501  nobody here can do that: no provider has the ability
    ├── RowDown                     503  another category server does not answer; names it
    ├── StoreFull                   507  the disk is full
    ├── Misconfigured               -    the settings, or a file that a command names, cannot be used: nothing begins
    ├── LeaseLost                   -    the worker no longer owns the plan it was walking
    └── PhaseChanged                -    the operation is being cancelled: its walk begins nothing more

A message says what happened, to which thing; `hint` says what next. Codes never change once released.
"""

from __future__ import annotations

from collections.abc import Mapping


class AccordsError(Exception):
    code = "internal"
    status = 500

    def __init__(self, message: str, *, hint: str = "", code: str | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.fields: Mapping[str, object] = fields

    def problem(self) -> dict[str, object]:
        """RFC 9457 members: type, title, status, detail, code, hint, and the error's own fields."""
        found: dict[str, object] = {
            "type": f"urn:accords:error:{self.code}",
            "title": self.message,
            "status": self.status,
            "code": self.code,
        }
        if self.hint:
            found["hint"] = self.hint
        return {**found, **self.fields}


class Invalid(AccordsError):
    code = "request.invalid"
    status = 400


class InvalidDocument(Invalid):
    """`diagnostics`: a list of dictionaries with severity, code, line, column, summary, hint."""

    code = "document.invalid"
    status = 422


class Unauthenticated(AccordsError):
    code = "auth.missing"
    status = 401


class Forbidden(AccordsError):
    code = "auth.forbidden"
    status = 403


class Missing(AccordsError):
    code = "missing"
    status = 404


class Clash(AccordsError):
    code = "conflict"
    status = 409


class Stale(Clash):
    code = "conflict.generation"
    status = 412


class TooLarge(AccordsError):
    code = "request.too-large"
    status = 413


class Unsupported(AccordsError):
    code = "request.media-type"
    status = 415


class Unacceptable(AccordsError):
    code = "request.accept"
    status = 406


class Unable(AccordsError):
    code = "provider.unable"
    status = 501


class RowDown(AccordsError):
    """`retry_after` seconds is in `fields`."""

    code = "row.down"
    status = 503


class StoreFull(AccordsError):
    code = "store.full"
    status = 507


class Misconfigured(AccordsError):
    code = "settings"


class LeaseLost(AccordsError):
    code = "lease.lost"


class PhaseChanged(AccordsError):
    code = "phase.changed"
