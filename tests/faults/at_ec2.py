"""The EC2 servers of others behind the proxy. Not a test."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import httpx
from lxml import etree

from tests.faults.site import CREDENTIALS, EXPIRED, TELLING, Fate, Held, Site, always
from tests.providers import ec2
from tests.providers.between import PATIENCE, Asked, Fault, between

COUNTED: Mapping[str, str] = {
    "DescribeInstances": "reservationSet/item/instancesSet/item",
    "DescribeVolumes": "volumeSet/item",
    "DescribeVpcs": "vpcSet/item",
    "DescribeSubnets": "subnetSet/item",
    "DescribeSecurityGroups": "securityGroupInfo/item",
    "DescribeInternetGateways": "internetGatewaySet/item",
    "DescribeRouteTables": "routeTableSet/item",
    "DescribeAddresses": "addressesSet/item",
    "DescribeKeyPairs": "keySet/item",
    "DescribeSnapshots": "snapshotSet/item",
}
"""What is counted -> where its answer has the things. Interfaces are their machines'."""
VARIABLE = "AWS_SHARED_CREDENTIALS_FILE"
SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential=suite/20260101/{ec2.REGION}/ec2/aws4_request, "
    "SignedHeaders=host, Signature=none"
}
"""These servers look for the region in it, and do not look at the signature."""
LACKS: Mapping[str, tuple[str, ...]] = {"ministack": (r"<storage.*?</storage>",)}
"""ministack shows no attached volume at its machine, which is then waited for."""
UNCOUNTED: Mapping[str, tuple[str, ...]] = {"ministack": ("DescribeVolumes",)}
"""It keeps the disk that a machine was made with when that is terminated."""
GONE = ("terminated", "shutting-down", "deleted", "deleting")


@contextmanager
def at(server: str, folder: Path) -> Iterator[Site]:
    with ec2.SERVERS[server](folder) as port, key_file(folder / "credentials") as keys:
        cloud = f"http://127.0.0.1:{port}"
        with between(cloud) as proxy:
            opened = ec2.options(port, ec2.IMAGES[server], endpoint=proxy.url, delivery="none", key=None, secret=None)
            yield Site(
                server,
                "ec2",
                opened,
                proxy,
                word,
                lambda found: not found.startswith("Describe"),
                {
                    "429": says(503, "RequestLimitExceeded"),
                    "500": says(500, "InternalError", asked=True),
                    "503": says(503, "Unavailable"),
                    CREDENTIALS: says(401, "AuthFailure"),
                    EXPIRED: partial(renewed, keys),
                },
                partial(held, cloud, UNCOUNTED.get(server, ())),
                pause=None,
                without=(*TELLING, *LACKS.get(server, ())),
            )


@contextmanager
def key_file(path: Path) -> Iterator[Path]:
    """Where the credentials are, as AWS' own tools have them; what renews them writes them there."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(path)
    write(path)
    try:
        yield path
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def write(path: Path) -> None:
    key = f"suite{secrets.token_hex(8)}"
    path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = suite\n")


def renewed(path: Path, asked: Asked) -> Fault | None:
    """Others are in the file, and those of the request have ended."""
    write(path)
    return says(400, "RequestExpired")(asked)


def word(asked: Asked) -> str:
    return parse_qs(asked.body.decode()).get("Action", [""])[0]


def says(status: int, code: str, *, asked: bool = False) -> Fate:
    error = f"<Error><Code>{code}</Code><Message>said by the proxy</Message></Error>"
    body = f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>".encode()
    return always(Fault(asked, status, {"Content-Type": "text/xml"}, body))


def held(cloud: str, without: Collection[str]) -> Held:
    """By the Query API, past our driver."""
    counted = ((action, path) for action, path in COUNTED.items() if action not in without)
    return Counter({action: _count(cloud, action, path) for action, path in counted})


def _count(cloud: str, action: str, path: str) -> int:
    owned = {"Owner.1": "self"} if action == "DescribeSnapshots" else {}
    asked = {"Action": action, "Version": "2016-11-15", **owned}
    root = etree.fromstring(httpx.post(cloud, data=asked, headers=SIGNED, timeout=PATIENCE).content)
    for each in root.iter(etree.Element):
        each.tag = etree.QName(each).localname
    return sum(_state(each) not in GONE for each in root.iterfind(path))


def _state(item: etree._Element) -> str:
    return item.findtext("instanceState/name") or item.findtext("status") or item.findtext("state") or ""
