"""How tags are kept at each service, and read back. Pure.

nova and cinder have metadata, glance properties: keys and values as they are. neutron has tags: `key=value`, each
percent-encoded, because a comma separates them in a query. A server also has tags (60 characters at most), by which the
three that are looked for narrow a list. A key pair has nothing but its name, so its name holds them.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from providers.errors import Refused

TOKEN = "accords-token"  # noqa: S105 - the name of a tag
NARROWING = ("accords-installation", "accords-service", TOKEN)
"""By what lists are asked for; the rest is compared here."""
LONGEST_SERVER_TAG = 60
LONGEST_KEY_NAME = 255
LONGEST_DESCRIPTION = 255
_PLAIN = " !#$&'()*+-.:;<>?@[]^_`{|}~"

_WORDS = json.dumps(
    dict.fromkeys(("accords-installation", "accords-account", "accords-service", "accords-step", TOKEN), "create key/")
    | {"accords-node": "demo"}
).encode()
"""What key pairs' tags usually hold, for the compression to refer to. Part of the format: never changed."""
_KEY = re.compile(r"^(?P<name>.*) accords-(?P<packed>[A-Za-z0-9_-]+)$")


def labels(tags: Mapping[str, str]) -> list[str]:
    """neutron's tags."""
    return sorted(f"{_quoted(key)}={_quoted(value)}" for key, value in tags.items())


def told(labels: Iterable[str]) -> dict[str, str]:
    """What neutron's tags say; a tag of others without a value has an empty one."""
    pairs = (each.partition("=") for each in labels)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def server_tags(tags: Mapping[str, str]) -> list[str]:
    """The narrowing ones that nova takes: it knows neither commas nor slashes nor long ones."""
    found = (f"{key}={quote(tags[key], safe=' ')}" for key in NARROWING if key in tags)
    return [each for each in found if len(each) <= LONGEST_SERVER_TAG]


def described(tags: Mapping[str, str]) -> str:
    """The description of what neutron keeps, set with the thing itself: whose it is, also when its tags were not set
    any more."""
    return ",".join(labels({key: tags[key] for key in NARROWING if key in tags}))[:LONGEST_DESCRIPTION]


def key_name(name: str, tags: Mapping[str, str]) -> str:
    """A key pair's name that holds its tags; the same for the same tags, so that nova itself refuses a second one.
    Refused where that is longer than nova takes."""
    shown = re.sub(r"[^A-Za-z0-9_ -]", "-", name)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_WORDS)
    packed = packer.compress(json.dumps(tags, sort_keys=True, ensure_ascii=False).encode()) + packer.flush()
    found = f"{shown} accords-{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"
    if len(found) > LONGEST_KEY_NAME:
        raise Refused(f"key {name}: its name and tags take {len(found)} characters, nova has {LONGEST_KEY_NAME}")
    return found


def key_tags(found: str) -> tuple[str, dict[str, str]] | None:
    """Name and tags out of a key pair's name; None when it is none of ours."""
    match = _KEY.match(found)
    if match is None:
        return None
    packed = match["packed"] + "=" * (-len(match["packed"]) % 4)
    try:
        unpacker = zlib.decompressobj(-15, zdict=_WORDS)
        tags = json.loads(unpacker.decompress(base64.urlsafe_b64decode(packed), 4096))
    except (ValueError, zlib.error):
        return None
    return (match["name"], {str(key): str(value) for key, value in tags.items()}) if isinstance(tags, dict) else None


def _quoted(text: str) -> str:
    return quote(text, safe=_PLAIN)
