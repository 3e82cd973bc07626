"""Whose credentials: the settings', the environment's, the shared file's, the container's or the machine's role.

The chain of AWS' own tools, the first that has any wins. Those of a role end; they are fetched anew a little before.
(AWS SDKs and Tools Reference, "Standardized credential providers"; IMDSv2 in the EC2 user guide.)
"""

from __future__ import annotations

import configparser
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson

from providers.ec2.options import Options
from providers.errors import Auth, ProviderError
from providers.transport import Clock, exchange

EARLY = 300.0
"""Seconds before their end at which credentials are no longer used."""
CONTAINER = "http://169.254.170.2"
_ROLES = "/latest/meta-data/iam/security-credentials/"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`ends`: epoch seconds, None for those that do not end."""

    key: str
    secret: str
    token: str | None = None
    ends: float | None = None


class Chain:
    """The credentials of one provider. `now` is epoch seconds, `client` fetches those of roles."""

    def __init__(
        self, options: Options, client: httpx.Client, environment: Mapping[str, str], now: Callable[[], float]
    ) -> None:
        self._options = options
        self._client = client
        self._environment = environment
        self._now = now
        self._lock = threading.Lock()
        self._held: Credentials | None = None

    def current(self, clock: Clock) -> Credentials:
        """Those that hold now. Auth where nobody has any."""
        with self._lock:
            held = self._held
            if held is None or (held.ends is not None and held.ends - EARLY < self._now()):
                self._held = held = self._find(clock)
            return held

    def renewed(self, refused: Credentials, clock: Clock) -> Credentials:
        """What is there instead of those that the cloud says have ended; the same where there are no others."""
        with self._lock:
            if self._held in (None, refused):
                self._held = self._find(clock)
            return self._held or refused

    def _find(self, clock: Clock) -> Credentials:
        found = self._given() or self._environed() or self._filed() or self._container(clock) or self._role(clock)
        if found is None:
            raise Auth("no credentials: name `key` and `secret`, set AWS_ACCESS_KEY_ID, or give this machine a role")
        return found

    def _given(self) -> Credentials | None:
        key, secret, token = self._options.key, self._options.secret, self._options.token
        if not key or secret is None:
            return None
        return Credentials(key, secret.get_secret_value(), token.get_secret_value() if token else None)

    def _environed(self) -> Credentials | None:
        """A profile that the settings name goes before the environment's keys."""
        return None if self._options.profile else _named(self._environment, str.upper)

    def _filed(self) -> Credentials | None:
        """The file is read each time: whoever renews what is in it is heard."""
        environment = self._environment
        path = environment.get("AWS_SHARED_CREDENTIALS_FILE") or str(Path.home() / ".aws" / "credentials")
        file = configparser.RawConfigParser()
        try:
            file.read(path)
        except configparser.Error as error:
            raise Auth(f"credentials in {path} cannot be read: {error}; mend the file") from error
        profile = self._options.profile or environment.get("AWS_PROFILE", "default")
        return _named(file[profile], str.lower) if file.has_section(profile) else None

    def _container(self, clock: Clock) -> Credentials | None:
        environment = self._environment
        path = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        url = CONTAINER + path if path else environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        headers = {"Authorization": token} if token else {}
        return _fetched(self._said("GET", url, headers, clock)) if url else None

    def _role(self, clock: Clock) -> Credentials | None:
        """The machine's own role. Where nobody answers, this is no machine of EC2."""
        if self._environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return None
        url = self._options.metadata.rstrip("/")
        try:
            seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
            session = {"X-aws-ec2-metadata-token": self._said("PUT", f"{url}/latest/api/token", seconds, clock)}
            role = self._said("GET", url + _ROLES, session, clock).split()
            return _fetched(self._said("GET", url + _ROLES + role[0], session, clock)) if role else None
        except ProviderError:
            return None

    def _said(self, method: str, url: str, headers: Mapping[str, str], clock: Clock) -> str:
        request = self._client.build_request(method, url, headers=dict(headers))
        soon = Clock(min(2.0, clock.left()))  # both services are next door
        answer = exchange(self._client, request, soon, provider="", thing="credentials")
        if not answer.is_success:
            raise Auth(f"{method} {url}: {answer.status_code}; give this machine a role")
        return answer.text


def _named(found: Mapping[str, str], case: Callable[[str], str]) -> Credentials | None:
    key, secret = found.get(case("aws_access_key_id")), found.get(case("aws_secret_access_key"))
    return Credentials(key, secret, found.get(case("aws_session_token")) or None) if key and secret else None


def _fetched(said: str) -> Credentials:
    """What both services answer (the same document). Auth where it is none."""
    try:
        found = orjson.loads(said)
        ends = datetime.fromisoformat(found["Expiration"]).astimezone(UTC).timestamp()
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], ends)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Auth(f"the role's credentials are no document that we know: {error}") from error


def usual(options: Options, client: httpx.Client) -> Chain:
    """The chain in this process' environment."""
    return Chain(options, client, os.environ, lambda: datetime.now(UTC).timestamp())
