"""What a driver may raise: one tree, nothing else ever crosses its edge.

    ProviderError
    ├── NotFound      the thing is not there (any more)
    ├── Refused       the cloud says no and will say no again (bad request, policy)
    ├── Conflict      not in this state; may work later
    ├── Quota         no room: capacity or quota, with the numbers in the message
    ├── Auth          the credential was refused
    ├── Throttled     asked too often; `delay` seconds to wait, None where the cloud names none
    ├── Unavailable   the cloud did not answer and the request was surely not carried out
    └── Ambiguous     the request was sent and no answer came: it may have been carried out

Retrying is the walk's business: `retryable` says whether the same call may succeed without anybody changing anything.
"""

from __future__ import annotations

from collections.abc import Mapping


class ProviderError(Exception):
    """`provider` is the instance's name, `thing` what the call was about (`machine/pacs`)."""

    code = "provider"
    retryable = False

    def __init__(self, message: str, *, provider: str = "", thing: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.thing = thing


class NotFound(ProviderError):
    code = "provider.not-found"


class Refused(ProviderError):
    code = "provider.refused"


class Conflict(ProviderError):
    code = "provider.conflict"
    retryable = True


class Quota(ProviderError):
    code = "provider.quota"


class Auth(ProviderError):
    code = "provider.auth"


class Throttled(ProviderError):
    code = "provider.throttled"
    retryable = True

    def __init__(self, message: str, *, delay: float | None = None, provider: str = "", thing: str = "") -> None:
        super().__init__(message, provider=provider, thing=thing)
        self.delay = delay


class Unavailable(ProviderError):
    code = "provider.unavailable"
    retryable = True


class Ambiguous(ProviderError):
    code = "provider.ambiguous"
    retryable = True


MEANINGS: Mapping[str, str] = {
    "provider": "the provider failed in a way that no other code names",
    "provider.not-found": "the thing is not there any more",
    "provider.refused": "the provider says no, and will say no again",
    "provider.conflict": "not in this state; it may work later",
    "provider.quota": "no room: capacity or quota; the message has the numbers",
    "provider.auth": "the credential was refused",
    "provider.throttled": "asked too often; it says how long to wait",
    "provider.unavailable": "the provider did not answer, and nothing was done",
    "provider.ambiguous": "the request was sent and no answer came: what it did is looked up before trying again",
}
"""Code -> meaning, for the documentation."""
