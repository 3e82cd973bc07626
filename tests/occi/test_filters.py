"""The values a filter looks for, in the types of what is looked through."""

from __future__ import annotations

import pytest

from broker.occi.filters import narrowed
from broker.occi.model import INFRASTRUCTURE, Value
from broker.occi.registry import Registry


@pytest.mark.occi("FIL-02")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {}),
        ({"occi.compute.cores": "2"}, {"occi.compute.cores": 2}),
        ({"occi.compute.cores": 2.0}, {"occi.compute.cores": 2}),
        ({"occi.compute.cores": "two"}, None),
        ({"occi.compute.state": "flying"}, None),
        ({"occi.network.label": "x"}, None),
        ({"occi.credentials.ssh.publickey": "k"}, {"occi.credentials.ssh.publickey": "k"}),
        ({"occi.core.title": "t", "occi.core.summary": "s"}, {"occi.core.title": "t", "occi.core.summary": "s"}),
    ],
)
def test_fil_02_values_are_compared_by_type(
    cloud: Registry, wanted: dict[str, Value], found: dict[str, Value] | None
) -> None:
    assert narrowed(cloud, f"{INFRASTRUCTURE}compute", wanted) == found
