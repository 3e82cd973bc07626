"""The cloud row's registry, and the compute that the checklist's wire examples are about."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from broker.occi import kinds
from broker.occi.model import INFRASTRUCTURE, Entity, Mixin
from broker.occi.registry import Registry

COMPUTE_ID = "996ad860-2a9a-404f-8861-aeafd0b2ae29"
STORAGE_ID = "5c1f7c1a-6b2c-4d44-9d21-9a4c8f5e0b11"
LINK_ID = "0e3f5c0e-8c5e-4b5d-93c0-4b3b8c9f2f11"


@pytest.fixture(scope="session")
def cloud() -> Registry:
    tag = Mixin("http://example.org/users/ann/tags#", "prod", "Production", location="/tags/ann/prod/", user=True)
    return kinds.registry("cloud").with_mixin(tag)


@pytest.fixture(scope="session")
def service() -> Registry:
    return kinds.registry("service")


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012}"


@pytest.fixture(scope="session")
def storagelink() -> Entity:
    return Entity(
        kind=f"{INFRASTRUCTURE}storagelink",
        id=LINK_ID,
        attributes={"occi.storagelink.deviceid": "/dev/vdb", "occi.storagelink.state": "active"},
        source=f"/compute/{COMPUTE_ID}",
        target=f"/storage/{STORAGE_ID}",
    )


@pytest.fixture(scope="session")
def compute(storagelink: Entity) -> Entity:
    """As in section 8's text/occi example."""
    return Entity(
        kind=f"{INFRASTRUCTURE}compute",
        id=COMPUTE_ID,
        title='db "primary"',
        mixins=("http://example.org/users/ann/tags#prod",),
        attributes={"occi.compute.cores": 4, "occi.compute.memory": 8.0, "occi.compute.state": "inactive"},
        links=(storagelink,),
    )
