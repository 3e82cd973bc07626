"""What a driver may raise: one tree, nothing else ever crosses its edge.

    ProviderError
    ├── NotFound      the thing is not there (any more)
    ├── Refused       the cloud says no and will say no again (bad request, policy)
    ├── Conflict      not in this state; may work later
    ├── Quota         no room: capacity or quota, with the numbers in the message
    ├── Auth          the credential was refused
    ├── Throttled     asked too often; `delay` seconds to wait
    ├── Unavailable   the cloud did not answer and the request was surely not carried out
    └── Ambiguous     the request was sent and no answer came: it may have been carried out

Retrying is the walk's business: `retryable` says whether the same call may succeed without anybody changing anything.
"""

from __future__ import annotations


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

    def __init__(self, message: str, *, delay: float = 1.0, provider: str = "", thing: str = "") -> None:
        super().__init__(message, provider=provider, thing=thing)
        self.delay = delay


class Unavailable(ProviderError):
    code = "provider.unavailable"
    retryable = True


class Ambiguous(ProviderError):
    code = "provider.ambiguous"
    retryable = True
