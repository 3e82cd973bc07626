"""What a client gives its compute to begin with, an SSH key and user data, as the one text that a machine is made with
(INF-34). Pure.

A key alone is cloud-config; data alone goes as it came; both are the parts of one MIME message, which cloud-init takes
apart again. What kind of data it is cloud-init tells by how it begins, and so do we: `#!`, `#cloud-config`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from email.message import EmailMessage

from broker.agent.userdata import LIMIT, authorizing
from broker.errors import Invalid

KEY = "occi.credentials.ssh.publickey"
DATA = "occi.compute.userdata"
OLD_KEY, OLD_DATA = "org.openstack.credentials.publickey.data", "org.openstack.compute.user_data"
"""What clients of OCCI 1.1 call them, in its mode."""

KINDS: Mapping[str, str] = {
    "#cloud-config": "cloud-config",
    "#!": "x-shellscript",
    "#include": "x-include-url",
    "#cloud-boothook": "cloud-boothook",
    "#part-handler": "part-handler",
}
"""How each kind begins, and its MIME subtype below `text/`."""


def user_data(attributes: Mapping[str, object]) -> str:
    """The text, empty when nothing was given. Invalid for data that is no text, or too much for some cloud."""
    key = str(attributes.get(KEY) or attributes.get(OLD_KEY) or "")
    data = decoded(str(attributes.get(DATA) or attributes.get(OLD_DATA) or ""))
    parts = [*([authorizing([key])] if key else []), *([data] if data else [])]
    made = "".join(parts) if len(parts) < 2 else _together(parts)
    if len(made.encode()) > LIMIT:
        raise Invalid(f"{DATA} is {len(made.encode())} bytes; {LIMIT} is what every cloud takes", hint="send less")
    return made


def decoded(given: str) -> str:
    """The data as the machine shall have it: most clients send base64, which is decoded; what is none stays."""
    try:
        found = base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError):
        return given
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        raise Invalid(
            f"{DATA} is no text when it is decoded", hint="send a script or cloud-config, as base64"
        ) from error


def _together(parts: list[str]) -> str:
    whole = EmailMessage()
    whole.make_mixed(boundary="accords")
    for part in parts:
        inner = EmailMessage()
        inner.set_content(part, subtype=_kind(part))
        inner["Content-Disposition"] = "attachment"
        whole.attach(inner)
    whole["MIME-Version"] = "1.0"
    return whole.as_string()


def _kind(part: str) -> str:
    return next((kind for start, kind in KINDS.items() if part.startswith(start)), "plain")
