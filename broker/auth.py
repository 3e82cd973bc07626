"""Who is asking: tokens signed with the installation's key. The one seam that single sign-on will use.

A token is a JWT (HS256) with the claims `sub` (a name), `account`, `role` and perhaps `exp` (epoch seconds).
The key lives in `<home>/installation.json`, readable by its owner only; tokens themselves are stored nowhere.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from broker import once
from broker.errors import Forbidden, Unauthenticated
from broker.settings import Settings

# PyJWT loads cryptography where that is installed, 4 MB and a library of 6 in every process, for signatures that we do
# not use: HS256 needs none of it. None here says to Python, while PyJWT is loaded, that there is no such module.
sys.modules.setdefault("cryptography", None)  # type: ignore[arg-type]  # typeshed does not know that None may stand here
import jwt  # noqa: E402 - after the line above

if sys.modules["cryptography"] is None:
    del sys.modules["cryptography"]

PLATFORM = "platform"
"""The account of what belongs to nobody in particular; every account may read it."""


class Role(StrEnum):
    """What a token is for. Administrators and users are people; servers and workers parts of this installation."""

    ADMIN = "admin"
    USER = "user"
    SERVER = "server"
    WORKER = "worker"

    @property
    def internal(self) -> bool:
        """A part of this installation: it may act for any account."""
        return self in (Role.SERVER, Role.WORKER)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for."""

    name: str
    account: str
    role: Role

    def acting_for(self, account: str | None) -> str:
        """The account a request acts for: its own, or the one named if this principal may name one."""
        if account is None or account == self.account:
            return self.account
        if not self.role.internal:
            raise Forbidden(f"{self.name} may not act for the account {account}")
        return account


@dataclass(frozen=True, slots=True)
class Installation:
    """`id` tells two brokers in one cloud apart; `key` signs tokens; `new` when it was made just now."""

    id: str
    key: str
    new: bool = False

    def __repr__(self) -> str:
        """Without the key: this ends up in logs."""
        return f"Installation(id={self.id!r})"


def installation(settings: Settings) -> Installation:
    """This installation's identity, made at the first call. Two processes that start together agree on one."""
    path = settings.home / "installation.json"
    # Nodes' roots lie below it and are other users: they may pass, not look. What is secret in here is 0600 itself.
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o711)
    made = once.make(path, _fresh)
    found = json.loads(path.read_text(encoding="utf-8"))
    return Installation(found["id"], found["key"], new=made)


def _fresh() -> bytes:
    return json.dumps({"id": str(uuid.uuid4()), "key": secrets.token_urlsafe(48)}).encode()


def issue(key: str, principal: Principal, *, expires: int | None = None) -> str:
    """A token for a principal; `expires` in UTC microseconds, never when None."""
    claims: dict[str, object] = {"sub": principal.name, "account": principal.account, "role": principal.role.value}
    if expires is not None:
        claims["exp"] = expires // 1_000_000
    return jwt.encode(claims, key, algorithm="HS256")


def verify(key: str, token: str) -> Principal:
    """The principal a token speaks for, or `Unauthenticated`."""
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], options={"require": ["sub"]})
        return Principal(str(claims["sub"]), str(claims["account"]), Role(claims["role"]))
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("the token has expired", hint="ask for a new one", code="auth.expired") from error
    except (jwt.InvalidTokenError, KeyError, ValueError) as error:
        hint = "`accords token ACCOUNT` makes one, on the broker's machine"
        raise Unauthenticated("the token is not one of this installation", hint=hint, code="auth.invalid") from error


class Verifier:
    """`verify` with a small memory: checking a signature costs more than answering most requests.

    Only tokens without an expiry or before it are remembered, for as long as they are good.
    """

    def __init__(self, key: str, *, now: Callable[[], int], size: int = 1024) -> None:
        self._key = key
        self._now = now
        self._size = size
        self._known: dict[str, tuple[Principal, int | None]] = {}

    def __call__(self, token: str) -> Principal:
        found = self._known.get(token)
        if found is not None and (found[1] is None or self._now() < found[1]):
            return found[0]
        principal = verify(self._key, token)
        if len(self._known) >= self._size:
            self._known.clear()
        self._known[token] = (principal, _expiry(token))
        return principal


def _expiry(token: str) -> int | None:
    """When a verified token ends, UTC microseconds."""
    found = jwt.decode(token, options={"verify_signature": False}).get("exp")
    return None if found is None else int(found) * 1_000_000


def bearer(header: str | None) -> str:
    """The token of an Authorization header, or `Unauthenticated`. OCCI clients that know only HTTP Basic send it as the
    password; the name beside it is not looked at."""
    scheme, _, said = (header or "").partition(" ")
    token = said.strip() if scheme.lower() == "bearer" else _password(said) if scheme.lower() == "basic" else ""
    if not token:
        raise Unauthenticated(
            "this request carries no token",
            hint="send the header 'Authorization: Bearer <token>', or the token as the password of HTTP Basic",
        )
    return token


def _password(credentials: str) -> str:
    """RFC 7617: base64 of name, colon, password. Empty for what is none."""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
