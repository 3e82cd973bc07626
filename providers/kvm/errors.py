"""What libvirt's errors are called here: a table of its codes, and one of the words that make exceptions.

Codes: libvirt's virterror.h (virErrorNumber). What is not in the table leaves open whether it was done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import libvirt

from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Unavailable,
)

CODES: Mapping[int, type[ProviderError]] = {
    libvirt.VIR_ERR_NO_DOMAIN: NotFound,
    libvirt.VIR_ERR_NO_NETWORK: NotFound,
    libvirt.VIR_ERR_NO_STORAGE_POOL: NotFound,
    libvirt.VIR_ERR_NO_STORAGE_VOL: NotFound,
    libvirt.VIR_ERR_NO_NWFILTER: NotFound,
    libvirt.VIR_ERR_NO_DOMAIN_METADATA: NotFound,
    libvirt.VIR_ERR_INVALID_ARG: Refused,
    libvirt.VIR_ERR_XML_ERROR: Refused,
    libvirt.VIR_ERR_XML_DETAIL: Refused,
    libvirt.VIR_ERR_NO_SUPPORT: Refused,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: Refused,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED: Refused,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED: Refused,
    libvirt.VIR_ERR_OPERATION_DENIED: Auth,
    libvirt.VIR_ERR_ACCESS_DENIED: Auth,
    libvirt.VIR_ERR_AUTH_FAILED: Auth,
    libvirt.VIR_ERR_AUTH_CANCELLED: Auth,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE: Auth,
    libvirt.VIR_ERR_OPERATION_INVALID: Conflict,
    libvirt.VIR_ERR_OPERATION_FAILED: Conflict,
    libvirt.VIR_ERR_OPERATION_TIMEOUT: Conflict,  # somebody else's work on the same machine went on for too long
    libvirt.VIR_ERR_RESOURCE_BUSY: Conflict,
    libvirt.VIR_ERR_STORAGE_VOL_EXIST: Conflict,
    libvirt.VIR_ERR_NO_CONNECT: Unavailable,
}

WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(r"No space left|Cannot allocate memory|not enough (free )?space", re.IGNORECASE), Quota),
    (re.compile(r"Network is already in use by interface|bridge name .* already in use", re.IGNORECASE), Conflict),
    (re.compile(r"Permission denied", re.IGNORECASE), Auth),
)
"""What is said, and what that means whatever its code: libvirt has one code for all that programs beneath it say."""


def refusal(error: libvirt.libvirtError, *, changes: bool) -> ProviderError:
    """The error of ours for one of libvirt's; `changes`: the call may have changed something."""
    said = str(error)
    for words, meant in WORDS:
        if words.search(said):
            return meant(said)
    return CODES.get(error.get_error_code() or 0, Ambiguous if changes else Unavailable)(said)
