"""The OpenStack lab behind the proxy: nova, neutron and cinder; keystone is asked directly. Not a test.

Others use the lab at the same time, so that what is counted begins with this site's own name.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openstack
import orjson

from tests.faults.site import CREDENTIALS, EXPIRED, PAUSE, TELLING, Fate, Held, Site, always
from tests.providers.between import Asked, Between, Fault, beside
from tests.providers.lab import LAB_OPTIONS, openstack_lab

SERVICES = ("compute", "network", "block-storage")
_THING = re.compile(r"[a-z_-]+")
_NOT_THINGS = ("v", "detail", "volume", "compute", "identity")


@contextmanager
def lab(folder: Path) -> Iterator[Site]:
    with openstack_lab(), ExitStack() as stack:
        sdk = openstack.connect(cloud=str(LAB_OPTIONS["cloud"]))
        proxy, name = Between(""), f"f{secrets.token_hex(4)}"
        endpoints = {service: _proxied(stack, sdk, proxy, service) for service in SERVICES}
        there = {service.replace("-", "_"): url for service, url in endpoints.items()}
        yield Site(
            "openstack",
            "openstack",
            {**LAB_OPTIONS, "endpoints": there, "delivery": "none"},
            proxy,
            word,
            lambda found: not found.startswith("GET "),
            {
                "429": says(429, {"Retry-After": f"{PAUSE:.0f}"}),
                "500": says(500, asked=True),
                "503": says(503),
                CREDENTIALS: says(401),
                EXPIRED: says(401),
            },
            partial(held, sdk, name),
            without=(*TELLING, r'(?<= size="1)0(?=G")'),
            service=name,
        )


def _proxied(stack: ExitStack, sdk: Any, proxy: Between, service: str) -> str:
    """The address of a service of the catalogue, as it is at the proxy."""
    found = str(sdk.session.get_endpoint(service_type=service))
    parts = urlsplit(found)
    root = f"{parts.scheme}://{parts.netloc}"
    return found.replace(root, stack.enter_context(beside(proxy, root)))


def word(asked: Asked) -> str:
    """`POST servers`, `PUT routers add_router_interface`, `POST servers action os-stop`."""
    words = [part for part in asked.path.split("/") if _THING.fullmatch(part) and part not in _NOT_THINGS]
    if words[-1:] == ["action"]:
        words += list(orjson.loads(asked.body))
    return f"{asked.method} {' '.join(words)}"


def says(status: int, headers: Mapping[str, str] | None = None, *, asked: bool = False) -> Fate:
    body = orjson.dumps({"error": {"code": status, "message": "said by the proxy", "title": "Told"}})
    return always(Fault(asked, status, {"Content-Type": "application/json", **(headers or {})}, body))


def held(sdk: Any, name: str) -> Held:
    """What is there that has this name, or says it where tags are kept: the group that the machines of a node share is
    named for the node. By the SDK alone."""
    things = {
        "server": sdk.compute.servers(),
        "volume": sdk.block_storage.volumes(),
        "network": sdk.network.networks(),
        "subnet": sdk.network.subnets(),
        "router": sdk.network.routers(),
        "group": sdk.network.security_groups(),
    }
    return Counter({kind: sum(_of(each, name) for each in found) for kind, found in things.items()})


def _of(thing: Any, name: str) -> bool:
    return str(thing.name).startswith(name) or name in str(getattr(thing, "description", ""))
