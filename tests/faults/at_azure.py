"""Azure's stand-in behind the proxy, which speaks TLS as it does. Not a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson

from tests.faults.site import CREDENTIALS, EXPIRED, PAUSE, Fate, Held, Site, always
from tests.providers.between import Asked, Fault, between
from tests.providers.targets import azure_options
from tests.stands.azure import Stand

WRONG_SECRET = orjson.dumps(
    {
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided.",
        "error_codes": [7000215],
    }
)
BUSY = {"Retry-After": f"{PAUSE:.0f}"}


@contextmanager
def azure(folder: Path) -> Iterator[Site]:
    own = folder / "proxy"
    own.mkdir()
    with (
        Stand(folder, usual=0.01) as stand,
        between(stand.endpoint, trusted=stand.trusted, folder=own) as proxy,
    ):
        there = {"endpoint": proxy.url, "authority": proxy.url, "cacert": str(proxy.trusted), "delivery": "none"}
        yield Site(
            "azure",
            "azure",
            {**azure_options(stand), **there},
            proxy,
            word,
            lambda found: not found.startswith("GET ") and "oauth2" not in found,
            {
                "429": says(429, "TooManyRequests", headers=BUSY),
                "500": says(500, "InternalServerError", asked=True),
                "503": says(503, "ServiceUnavailable"),
                CREDENTIALS: unknown,
                EXPIRED: lambda asked: stand.login.revoke(),
            },
            lambda: held(stand),
        )


def word(asked: Asked) -> str:
    """`PUT virtualNetworks`, with what is asked of the thing: `POST virtualMachines start`."""
    parts = asked.path.partition("/providers/")[2].split("/")
    if len(parts) < 2:
        return f"{asked.method} {'oauth2' if '/oauth2/' in asked.path else asked.path.split('/')[-1]}"
    return f"{asked.method} {' '.join([parts[1], *parts[3::2]])}"


def says(status: int, code: str, *, asked: bool = False, headers: Mapping[str, str] | None = None) -> Fate:
    body = orjson.dumps({"error": {"code": code, "message": "said by the proxy"}})
    return always(Fault(asked, status, {"Content-Type": "application/json", **(headers or {})}, body))


def unknown(asked: Asked) -> Fault:
    """The secret is another now, and its tokens have ended."""
    if "/oauth2/" in asked.path:
        return Fault(asked=False, status=401, headers={"Content-Type": "application/json"}, body=WRONG_SECRET)
    return says(401, "ExpiredAuthenticationToken")(asked)


def held(stand: Stand) -> Held:
    with stand.world.lock:
        stand.world.settle()
        return Counter(each.type.rpartition("/")[2] for each in stand.world.records.values())
