"""The identity platform: client credentials (RFC 6749 §4.4) for tokens that expire, and the discovery document that
MSAL asks for first. Error codes are the AADSTS ones."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.stands.azure.clock import Clock
from tests.stands.azure.wire import Answer, ArmError, Request

REFUSED: Mapping[str, tuple[int, str, int, str]] = {
    "secret": (401, "invalid_client", 7000215, "Invalid client secret provided."),
    "client": (400, "unauthorized_client", 700016, "Application with identifier was not found in the directory."),
    "grant": (400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."),
    "scope": (400, "invalid_scope", 70011, "The provided request must include a 'scope' input parameter."),
}
"""What was wrong -> status, OAuth's error, the number in AADSTS, its sentence."""


@dataclass(slots=True)
class Login:
    """`lifetime` in seconds. `secret` may be changed: the old one is refused from then on, tokens stay until they
    expire or `revoke`."""

    clock: Clock
    tenant: str
    client: str
    secret: str
    lifetime: float = 3599.0
    given: int = 0
    _tokens: dict[str, float] = field(default_factory=dict)

    def revoke(self) -> None:
        """All tokens have expired now."""
        self._tokens = dict.fromkeys(self._tokens, self.clock.now())

    def answer(self, request: Request) -> Answer | None:
        """None when the path is none of this platform's."""
        base = f"{request.base}/{self.tenant}"
        if request.path == f"/{self.tenant}/v2.0/.well-known/openid-configuration":
            return Answer(200, _discovery(base, self.tenant))
        if request.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self._token(dict(parse_qsl(request.content.decode())))
        return None

    def _token(self, form: Mapping[str, str]) -> Answer:
        wrong = self._wrong(form)
        if wrong:
            return self._refusal(*REFUSED[wrong])
        token = secrets.token_urlsafe(48)
        self.given += 1
        self._tokens[token] = self.clock.now() + self.lifetime
        seconds = int(self.lifetime)
        body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        return Answer(200, body, {"Cache-Control": "no-store, no-cache"})

    def _wrong(self, form: Mapping[str, str]) -> str:
        if form.get("grant_type") != "client_credentials":
            return "grant"
        if form.get("client_id") != self.client:
            return "client"
        if form.get("client_secret") != self.secret:
            return "secret"
        return "" if form.get("scope", "").endswith("/.default") else "scope"

    def _refusal(self, status: int, error: str, number: int, sentence: str) -> Answer:
        trace = secrets.token_hex(16)
        body = {
            "error": error,
            "error_description": f"AADSTS{number}: {sentence} Trace ID: {trace}",
            "error_codes": [number],
            "timestamp": self.clock.text(),
            "trace_id": trace,
            "correlation_id": trace,
        }
        return Answer(status, body)

    def check(self, request: Request) -> None:
        """Refused with 401 unless the request carries a token that is still good."""
        words = request.headers.get("authorization", "").split()
        if not words:
            raise self._challenge(
                "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        expires = self._tokens.get(words[-1])
        if words[0].lower() != "bearer" or expires is None:
            raise self._challenge("InvalidAuthenticationToken", "The access token is invalid.")
        if expires <= self.clock.now():
            raise self._challenge(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{self.clock.text(expires)}' is earlier than current UTC time "
                f"'{self.clock.text()}'.",
            )

    def _challenge(self, code: str, message: str) -> ArmError:
        where = f'authorization_uri="https://login.microsoftonline.com/{self.tenant}"'
        bearer = f'Bearer {where}, error="invalid_token", error_description="{message}"'
        return ArmError(401, code, message, headers={"WWW-Authenticate": bearer})


def _discovery(base: str, tenant: str) -> dict[str, object]:
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "issuer": f"{base}/v2.0",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
    }
