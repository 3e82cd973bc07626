"""OpenNebula's stand-in behind the proxy. Not a test."""

from __future__ import annotations

import xmlrpc.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.site import CREDENTIALS, EXPIRED, PAUSE, Held, Site, always
from tests.providers.between import Asked, Fault, between
from tests.providers.nebula import furnish, options
from tests.stands.opennebula import Pace, Stand, opened
from tests.stands.opennebula.errors import UNAUTHENTICATED, Code

SAFE = (".info", ".infoextended", ".version", ".login")


@contextmanager
def opennebula(folder: Path) -> Iterator[Site]:
    """Its machines boot at once. What it says itself it says with 200; other statuses are of what stands before it."""
    with opened(Pace(step=0.01, image=0.01)) as stand, between(stand.url.removesuffix("/RPC2")) as proxy:
        furnish(stand)
        yield Site(
            "opennebula",
            "opennebula",
            {**options(stand, session=3600), "url": f"{proxy.url}/RPC2", "delivery": "none"},
            proxy,
            word,
            lambda found: not found.endswith(SAFE),
            {
                "429": always(Fault(asked=False, status=429, headers={"Retry-After": f"{PAUSE:.0f}"}, body=b"")),
                "500": always(Fault(asked=True, status=500, body=b"")),
                "503": always(Fault(asked=False, status=503, body=b"")),
                CREDENTIALS: unknown,
                EXPIRED: lambda asked: stand.cloud.users[2].tokens.clear(),
            },
            lambda: held(stand),
        )


def word(asked: Asked) -> str:
    """`vm.action terminate-hard`."""
    parameters, method = xmlrpc.client.loads(asked.body)
    what = f" {parameters[1]}" if str(method) == "one.vm.action" else ""
    return f"{str(method).removeprefix('one.')}{what}"


def unknown(asked: Asked) -> Fault:
    said = (False, f"[{word(asked)}] {UNAUTHENTICATED}", int(Code.AUTHENTICATION), -1)
    body = xmlrpc.client.dumps((said,), methodresponse=True).encode()
    return Fault(asked=False, status=200, headers={"Content-Type": "text/xml"}, body=body)


def held(stand: Stand) -> Held:
    cloud = stand.cloud
    with cloud.lock:
        cloud.advance()
        machines = sum(each.place.word != "DONE" for each in cloud.machines.values())
        pools = {"image": cloud.images, "network": cloud.networks, "group": cloud.groups, "template": cloud.templates}
        return Counter({"machine": machines, **{kind: len(pool) for kind, pool in pools.items()}})
