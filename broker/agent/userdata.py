"""Cloud-init user-data that makes a machine call home: the agent, its configuration, a unit.

One module of cloud-init does it all: `bootcmd` runs in the first stage that has the user-data, while `write_files`
with `runcmd` would start the agent in the last, after everything else the machine boots (Debian orders cloud-final
behind multi-user.target). It runs at every boot, and does something when the one-time token is another than before:
at a first boot, and when a machine begins from the image of another.

Everybody who has an account at the cloud, and every process in the node, can read user-data: there is no secret in it
but the one-time token, which is of no use after the agent's first contact or 30 minutes.
"""

from __future__ import annotations

import ast
import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import indent
from threading import Lock

import yaml

from broker import addresses
from broker.agent import certificate
from broker.agent.keys import Pair
from broker.settings import Settings

LIMIT = 16 * 1024
"""Bytes of user-data that every cloud takes (EC2's limit, the smallest)."""

_AGENT = "/usr/local/lib/accords/agent.py"
_CONFIG = "/etc/accords-agent.json"

# KillMode: what an instruction forked outlives the agent. platform-python: where a distribution hides its own python3.
_UNIT = f"""\
[Unit]
Description=Accords agent
After=network.target
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'exec $(command -v python3 || echo /usr/libexec/platform-python) -I {_AGENT}'
Restart=always
RestartSec=1
KillMode=process
[Install]
WantedBy=multi-user.target
"""

# The key opens one way and no shell: from the node's loopback to the agents' door.
_SSH = """\
mkdir -p -m 700 ~{user}/.ssh
cat >>~{user}/.ssh/authorized_keys <<'KEY'
restrict,port-forwarding,permitlisten="127.0.0.1:{port}",permitlisten="localhost:{port}",command="false" {public}
KEY
(umask 077; cat >/etc/ssh/ssh_host_ed25519_key) <<'KEY'
{private}KEY
echo {shown} >/etc/ssh/ssh_host_ed25519_key.pub
"""

_BOOT = """\
if [ "$(cat /usr/local/lib/accords/origin 2>/dev/null)" != {origin} ]; then
{ssh}mkdir -p /usr/local/lib/accords
base64 -d <<'END' | gzip -d >{agent_path}
{agent}
END
(umask 077; rm -f {config_path}; cat >{config_path}) <<'END'
{config}
END
cat >/etc/systemd/system/accords-agent.service <<'END'
{unit}END
systemctl enable accords-agent.service
systemctl --no-block restart accords-agent.service
echo {origin} >/usr/local/lib/accords/origin
fi
"""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What user-data brings into a machine: the agent's source and its configuration."""

    agent: str
    config: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Called:
    """What lets the broker into a machine by SSH: the service's key, the machine's own, and whom it is there.
    `only`: the machine never calls by itself."""

    service: Pair
    host: Pair
    user: str
    only: bool


LOOPBACK = "127.0.0.1"
"""Where a machine that the broker dials finds the agents' door, at the door's own port."""


def render(
    settings: Settings,
    *,
    node: str,
    token: str,
    environment: Mapping[str, str] | None = None,
    called: Called | None = None,
    keys: Sequence[str] = (),
) -> str:
    """The cloud-config, at most `LIMIT` bytes. `environment` is given to every script in the node: CORDS' `contract`
    and `account`; `publisher` is added here and `cosacs` in the node. `called` where the broker dials. `keys` are the
    public SSH keys of those who may log in."""
    config = {
        "address": settings.door_address,
        **({"addresses": _addresses(settings, called)} if called else {}),
        "port": settings.door_port,
        "certificate": certificate.pinned(settings),
        "node": node,
        "token": token,
        "environment": {
            "publisher": settings.publisher or addresses.public(settings, "publisher"),
            **(environment or {}),
        },
    }
    boot = _BOOT.format(
        ssh=_ssh(settings, called) if called else "",
        origin=hashlib.sha256(token.encode()).hexdigest()[:16],
        agent=_packed(),
        agent_path=_AGENT,
        config=json.dumps(config),
        config_path=_CONFIG,
        unit=_UNIT,
    )
    logins = yaml.safe_dump(_logins(keys)) if keys else ""
    return f"#cloud-config\n{logins}{_host_key(called) if called else ''}bootcmd:\n- |\n{indent(boot, '  ')}"


def authorizing(keys: Sequence[str]) -> str:
    """Cloud-config that lets in who has one of these keys, and does nothing else."""
    return "#cloud-config\n" + yaml.safe_dump(_logins(keys))


def _logins(keys: Sequence[str]) -> dict[str, object]:
    """For the image's usual user, and for root: an image may have no other."""
    root = {"name": "root", "lock_passwd": False, "ssh_authorized_keys": [*keys]}
    return {"ssh_authorized_keys": [*keys], "users": ["default", root]}


def _addresses(settings: Settings, called: Called) -> list[str]:
    """Where the agent looks for the door, in turn."""
    return [LOOPBACK] if called.only else [settings.door_address, LOOPBACK]


def _ssh(settings: Settings, called: Called) -> str:
    return _SSH.format(
        user=called.user,
        port=settings.door_port,
        public=called.service.public,
        private=called.host.private,
        shown=called.host.public,
    )


def _host_key(called: Called) -> str:
    """The same key for cloud-init's own module, which would remove what it was not told of."""
    return yaml.safe_dump({"ssh_keys": {"ed25519_private": called.host.private, "ed25519_public": called.host.public}})


def parse(user_data: str) -> Enclosed:
    """What `render` put in, for clouds that play the machine themselves. ValueError when it is not ours."""
    found = yaml.safe_load(user_data)
    boot = found["bootcmd"][0] if isinstance(found, dict) and found.get("bootcmd") else ""
    documents = str(boot).split("<<'END'")
    if len(documents) != 4:
        raise ValueError("this user-data does not bring an Accords agent")
    agent, config = (document.split("\n", 1)[1].split("\nEND\n", 1)[0] for document in documents[1:3])
    return Enclosed(gzip.decompress(base64.b64decode(agent)).decode(), json.loads(config))


_ONE_AT_A_TIME = Lock()


def compact() -> str:
    """The agent as it is sent: `node.py` without its comments and docstrings, which would be a quarter of the bytes."""
    # The walk's threads come here together, and Python 3.11 cannot parse in two at once: it ends in a SystemError,
    # "AST constructor recursion depth mismatch" (https://github.com/python/cpython/issues/106905).
    with _ONE_AT_A_TIME:
        return _compact()


@cache
def _compact() -> str:
    tree = ast.parse(Path(__file__).with_name("node.py").read_text(encoding="utf-8"))
    for found in ast.walk(tree):
        if isinstance(found, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(found):
            found.body = found.body[1:] or [ast.Pass()]
    return ast.unparse(tree) + "\n"


@cache
def _packed() -> str:
    packed = base64.b64encode(gzip.compress(compact().encode(), 9, mtime=0)).decode()
    return "\n".join(packed[start : start + 1024] for start in range(0, len(packed), 1024))
