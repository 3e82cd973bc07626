"""What the cloud's and the SDK's errors are called here. One table of statuses, one of words that make exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import requests
from keystoneauth1 import exceptions as login
from openstack import exceptions as sdk
from openstack.resource import Resource

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

FOREIGN = (
    sdk.SDKException,
    login.ClientException,
    requests.RequestException,
    # an answer that is none: the SDK takes keys and attributes of whatever came
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
)
"""Everything that openstacksdk raises."""
TELLING = ("status", "project_id", "fingerprint")
"""Attributes of which every thing that a service tells of has one."""
Thing = TypeVar("Thing", bound=Resource)

STATUSES: Mapping[int, type[ProviderError]] = {
    401: Auth,
    404: NotFound,
    408: Ambiguous,
    409: Conflict,
    412: Conflict,
    413: Throttled,  # nova's and cinder's word for too many requests, before there was 429
    429: Throttled,
    503: Unavailable,
}
"""What is not here: Refused below 500, Ambiguous from there on."""

WORDS: tuple[tuple[frozenset[int], re.Pattern[str], type[ProviderError]], ...] = (
    # "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances", neutron's OverQuota
    (frozenset({403, 409, 413}), re.compile(r"quota", re.IGNORECASE), Quota),
    # neutron: the network's subnets have no address left
    (frozenset({409}), re.compile(r"No more IP addresses", re.IGNORECASE), Quota),
    # cinder says 400 of a volume that is used, nova of one that is on its way
    (frozenset({400}), re.compile(r"must be available|status must be|is not 'available'|in-use"), Conflict),
    # nova looks into neutron and cinder for what a server names
    (frozenset({400}), re.compile(r"already in use|is already used|is in use"), Conflict),
    (frozenset({400}), re.compile(r"could not be found|not found|Can not find"), NotFound),
)
"""Statuses, what is said with them, and what that means instead."""


@contextmanager
def translating() -> Iterator[None]:
    """Only errors of ours leave what is done inside."""
    try:
        yield
    except FOREIGN as error:
        raise translated(error) from error


def translated(error: Exception) -> ProviderError:
    """The error of ours for one of FOREIGN."""
    response = getattr(error, "response", None)
    if isinstance(response, requests.Response):
        return _answered(response, _said(error))
    return _own(error)


def answered(thing: Thing) -> Thing:
    """What was asked for, as the cloud has told of it. Ambiguous where its answer says nothing of it: the SDK makes a
    thing out of any answer, and one that has nothing but its id looks as if it were not ours."""
    if all(getattr(thing, name, None) is None for name in TELLING):
        raise Ambiguous(f"the answer is none that OpenStack gives: it says nothing of {thing.id}")
    return thing


def _answered(response: requests.Response, said: str) -> ProviderError:
    status, method = response.status_code, str(response.request.method) if response.request else ""
    kind = STATUSES.get(status, Refused if status < 500 else Ambiguous)
    if kind is NotFound and not _is_object(response):
        kind = Ambiguous  # some page of somebody between: all services say it in JSON
    for statuses, words, meant in WORDS:
        if status in statuses and words.search(said):
            kind = meant
            break
    if kind is Throttled:
        return Throttled(f"{status} {said}", delay=retry_after(response.headers))
    if kind is Unavailable and method not in {"GET", "HEAD"}:
        kind = Ambiguous  # a service in front said so; what is behind may have heard it
    return kind(f"{method} {response.url}: {status} {said}")


def _own(error: Exception) -> ProviderError:
    """What the SDK says of itself, without an answer of the cloud."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, login.EndpointNotFound | login.CatalogException):
        return Refused(f"the cloud's catalogue has no such service ({said}); see the region and its endpoints")
    if isinstance(error, login.Unauthorized | login.AuthorizationFailure | login.auth_plugins.MissingAuthPlugin):
        return Auth(said)
    if isinstance(error, sdk.ConfigException | login.auth_plugins.OptionError):
        return Auth(f"no login: {error}; see clouds.yaml or the options")
    return Ambiguous(f"the answer is none that OpenStack gives ({said})")


def _is_object(response: requests.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False


def _said(error: Exception) -> str:
    """The cloud's sentence, at most some lines of it."""
    details = getattr(error, "details", None)
    return " ".join(str(details or error).split())[:500]
