"""EC2's error codes in our words. (Amazon EC2 API reference, "Error codes for the Amazon EC2 API")"""

from __future__ import annotations

from collections.abc import Mapping

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

CODES: Mapping[str, type[ProviderError]] = {
    "AuthFailure": Auth,
    "Blocked": Auth,
    "ExpiredToken": Auth,
    "IncompleteSignature": Auth,
    "InvalidClientTokenId": Auth,
    "MissingAuthenticationToken": Auth,
    "OptInRequired": Auth,
    "PendingVerification": Auth,
    "RequestExpired": Auth,
    "SignatureDoesNotMatch": Auth,
    "UnauthorizedOperation": Auth,
    "UnrecognizedClientException": Auth,
    "EC2ThrottledException": Throttled,
    "RequestLimitExceeded": Throttled,
    "SnapshotCreationPerVolumeRateExceeded": Throttled,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "InsufficientAddressCapacity": Quota,
    "InsufficientFreeAddressesInSubnet": Quota,
    "InsufficientHostCapacity": Quota,
    "InsufficientInstanceCapacity": Quota,
    "InsufficientReservedInstanceCapacity": Quota,
    "InsufficientVolumeCapacity": Quota,
    "ConcurrentTagAccess": Conflict,
    "DependencyViolation": Conflict,
    "IncorrectInstanceState": Conflict,
    "IncorrectState": Conflict,
    "InvalidGroup.InUse": Conflict,
    "InvalidIPAddress.InUse": Conflict,
    "InvalidSnapshot.InUse": Conflict,
    "OperationInProgress": Conflict,
    "Resource.AlreadyAssociated": Conflict,
    "VolumeInUse": Conflict,
    "InvalidAMIID.Unavailable": Conflict,
    "InternalError": Ambiguous,
    "InternalFailure": Ambiguous,
    "ServiceUnavailable": Unavailable,
    "Unavailable": Unavailable,
}
ENDINGS: Mapping[str, type[ProviderError]] = {
    "LimitExceeded": Quota,
    ".LimitExceeded": Quota,
    ".NotFound": NotFound,
    ".Duplicate": Conflict,
}
"""Where no code is written out."""
STATUSES: Mapping[int, type[ProviderError]] = {
    401: Auth,
    403: Auth,
    408: Ambiguous,
    429: Throttled,
    503: Unavailable,
}
"""Where a code is unknown, or there is none: from 500 on nobody knows what was done, below it is a refusal."""
EXPIRED = frozenset({"RequestExpired", "ExpiredToken", "ExpiredTokenException"})
"""What ends with other credentials."""


def kind_of(code: str, status: int) -> type[ProviderError]:
    """Which of our errors an answer is."""
    by_ending = (kind for ending, kind in ENDINGS.items() if code.endswith(ending))
    usual = STATUSES.get(status, Ambiguous if status >= 500 else Refused)
    return CODES.get(code) or next(by_ending, usual)
