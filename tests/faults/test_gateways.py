"""What stands before a cloud answers for it, in words of its own: that is an error of ours, and never an empty list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from providers.errors import ProviderError, Refused, Throttled
from providers.protocol import VolumeSpec
from tests.faults.conftest import Field
from tests.faults.sites import OURS, SITES
from tests.providers.between import Fault, untouched
from tests.providers.cloud import Cloud, surely

EACH = [pytest.param(name, marks=() if name in OURS else pytest.mark.slow) for name in SITES]
PAGE = b"<!doctype html><title>welcome</title><p>This is not the cloud."
STATUSES = (200, 204, 302, 400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504)
PASSING = (429, 502, 503, 504)
"""What a gateway says when what is behind it is away for a moment."""


@contextmanager
def answered(at: Field, status: int, body: bytes) -> Iterator[None]:
    fault = Fault(asked=False, status=status, headers={"Content-Type": "text/html"}, body=body)
    at.site.proxy.rule = lambda asked: fault
    try:
        yield
    finally:
        at.site.proxy.rule = untouched


@pytest.mark.parametrize("body", [PAGE, b""], ids=["page", "nothing"])
@pytest.mark.parametrize("at", EACH, indirect=True)
def test_no_list_is_believed_that_a_gateway_answers(at: Field, body: bytes) -> None:
    cloud = Cloud(at.cloud)
    for status in STATUSES:
        with answered(at, status, body):
            error = surely(cloud.list)
        assert isinstance(error, ProviderError), status
        assert error.provider == "paris"
        assert error.retryable or status not in PASSING, (status, error)
        assert isinstance(error, Throttled) == (status == 429), (status, error)


@pytest.mark.parametrize("at", EACH, indirect=True)
def test_what_a_gateway_answered_for_a_making_is_made_once(at: Field) -> None:
    at.site.begin()
    cloud = Cloud(at.cloud)
    token, spec = cloud.token(), VolumeSpec(cloud.name("data"), 10**9)
    for status in PASSING:
        with answered(at, status, PAGE):
            assert not isinstance(surely(lambda: cloud.create(spec, token)), Refused), status
    made = cloud.make(spec, token)
    assert [each.id for each in cloud.list()] == [made.id]
    cloud.delete(made)
    assert not at.site.holds()
