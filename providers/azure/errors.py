"""What Azure's and its libraries' errors are called here: a table of codes, and one of statuses for all other codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.rest import HttpResponse

from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.transport import retry_after

FOREIGN = (AzureError, ValueError, TypeError, KeyError, AttributeError)
"""Everything that Azure's libraries raise: what is behind AzureError they raise of an answer that is none."""

CODES: Mapping[str, type[ProviderError]] = {
    # nobody is told more: the credential, the right, the registration
    "AuthenticationFailed": Auth,
    "AuthorizationFailed": Auth,
    "ExpiredAuthenticationToken": Auth,
    "InvalidAuthenticationToken": Auth,
    "InvalidAuthenticationTokenTenant": Auth,
    "LinkedAuthorizationFailed": Auth,
    # where everything is to be is not there: nothing is known of things in it
    "MissingSubscriptionRegistration": Refused,
    "ResourceGroupNotFound": Refused,
    "SubscriptionNotFound": Refused,
    # busy, or used by another
    "AnotherOperationInProgress": Conflict,
    "ApplicationSecurityGroupInUse": Conflict,
    "AttachDiskWhileBeingDetached": Conflict,
    "ConflictingUserInput": Conflict,
    "InUseNetworkSecurityGroupCannotBeDeleted": Conflict,
    "InUseSubnetCannotBeDeleted": Conflict,
    "NicInUse": Conflict,
    "NicReservedForAnotherVm": Conflict,
    "PrivateIPAddressInUse": Conflict,
    "PublicIPAddressCannotBeDeleted": Conflict,
    "PublicIPAddressInUse": Conflict,
    "ReferencedResourceNotProvisioned": Conflict,
    "RetryableError": Conflict,
    # no more of it
    "AllocationFailed": Quota,
    "OverconstrainedAllocationRequest": Quota,
    "OverconstrainedZonalAllocationRequest": Quota,
    "QuotaExceeded": Quota,
    "ResourceQuotaExceeded": Quota,
    "SkuNotAvailable": Quota,
    "SubnetIsFull": Quota,
    "ZonalAllocationFailed": Quota,
    # said with 400 or 409, and will be said again
    "ImageNotFound": NotFound,
    "InvalidResourceReference": NotFound,
    "PlatformImageNotFound": NotFound,
    "InvalidResourceLocation": Refused,
    "PropertyChangeNotAllowed": Refused,
}

WORDS: tuple[tuple[re.Pattern[str], re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile("OperationNotAllowed"), re.compile(r"exceeding approved .* quota", re.IGNORECASE), Quota),
    (re.compile("OperationNotAllowed"), re.compile(r"maximum number of data disks"), Refused),
    (re.compile(r"\w+(CountLimitReached|LimitExceeded|CountExceeded)"), re.compile(""), Quota),
)
"""Codes that stand for several things: the code, what is said with it, and what that means."""

STATUSES: Mapping[int, type[ProviderError]] = {
    401: Auth,
    403: Auth,
    404: NotFound,
    408: Ambiguous,
    409: Conflict,
    412: Conflict,
    429: Throttled,
}
"""What is not here: Refused below 500; from there on Ambiguous, or Unavailable where nothing was to be changed."""


@contextmanager
def translating() -> Iterator[None]:
    """Only errors of ours leave what is done inside."""
    try:
        yield
    except FOREIGN as error:
        raise translated(error) from error


def translated(error: Exception) -> ProviderError:
    """The error of ours for one of FOREIGN. azure-identity wraps what went wrong on the wire: that is what it is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ProviderError):
            return cause
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, HttpResponseError) and isinstance(error.response, HttpResponse):
        return _answered(error, error.response)
    if isinstance(error, ClientAuthenticationError):
        return Auth(f"no token: {_short(error.message)}")
    return Ambiguous(f"the answer is none that Azure gives ({type(error).__name__}: {_short(str(error))})")


def meant(code: str, said: str) -> type[ProviderError] | None:
    """What a code of Azure's and its sentence mean; None where only the status tells."""
    for pattern, words, kind in WORDS:
        if pattern.fullmatch(code) and words.search(said):
            return kind
    return CODES.get(code)


def _answered(error: HttpResponseError, response: HttpResponse) -> ProviderError:
    status, method = response.status_code, response.request.method
    code, said = str(getattr(error.error, "code", "") or ""), _short(error.message)
    kind = meant(code, said) or STATUSES.get(status) or (Refused if status < 500 else _failed(method))
    if kind is Throttled:
        return Throttled(f"{code} {said}", delay=retry_after(response.headers))
    if isinstance(error, ClientAuthenticationError) and "AADSTS" in said:
        return Auth(f"no token: {said}")
    return kind(f"{method} {response.request.url.partition('?')[0]}: {status} {said}")


def _failed(method: str) -> type[ProviderError]:
    return Unavailable if method in {"GET", "HEAD"} else Ambiguous


def _short(text: str) -> str:
    """Azure's sentence, at most some lines of it."""
    return " ".join(text.split())[:500]
