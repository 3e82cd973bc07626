"""What the settings say of an opennebula provider: where it is, whose account, how networks are made there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from providers.errors import Refused

NUMBERED = frozenset({"802.1Q", "vxlan", "ovswitch"})
"""Network drivers whose networks have a number on the wire."""


class Options(BaseModel):
    """Credentials: `username` and `password` stand for themselves; without them the file of OpenNebula's own tools is
    read: `auth`, else what ONE_AUTH names, else ~/.one/one_auth. The address is `url`, else ONE_XMLRPC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(default=None, pattern=r"^https?://", description="Address of the API, with its /RPC2.")
    username: str | None = Field(default=None, description="Whose account, with `password`.")
    password: SecretStr | None = Field(default=None, description="The password, or a login token.")
    auth: Path | None = Field(default=None, description="File that holds `user:password`.")
    session: int | None = Field(
        default=None, ge=60, description="Seconds of a login token to work with; the password is sent for those only."
    )
    verify: bool = Field(default=True, description="Whether the certificate of the cloud is verified.")
    cacert: Path | None = Field(default=None, description="File with the certificates that are trusted.")
    parent: str | None = Field(
        default=None, description="Id of the network that networks are reserved from; none: networks of its own."
    )
    reserve: int = Field(default=32, ge=1, description="Addresses of a reserved network that says no range.")
    vn_mad: str = Field(default="bridge", description="Network driver of networks of its own.")
    phydev: str | None = Field(default=None, description="Interface of the hosts that those networks go out by.")
    gateway: Literal["first", "none"] = Field(
        default="first", description="Whether a router answers at the first address of each network of its own."
    )
    dns: str | None = Field(default=None, description="Name server of networks of its own.")
    pool: IPv4Network = Field(
        default=IPv4Network("10.128.0.0/9"), description="Where the ranges of networks that name none are taken."
    )
    network: str | None = Field(default=None, description="Id of the network of machines that name none.")
    public: str | None = Field(default=None, description="Id of the network that public addresses are taken from.")
    datastore: int | None = Field(
        default=None, description="Id of the datastore of volumes; none: the first for images."
    )
    images: Mapping[str, str] = Field(default={}, description="Names of ours for images: name -> their id or name.")
    sizes: Literal["templates", "flexible"] = Field(
        default="templates", description="Whether sizes are the templates of the site, or whatever is asked for."
    )
    cores: int = Field(default=16, ge=1, description="Cores of the largest machine, where hosts may not be seen.")
    memory: int = Field(default=64 * 2**30, description="Its memory in bytes.")
    patience: float = Field(
        default=120.0, ge=0, description="Seconds a machine may wait for room before it is shown as an error."
    )
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    currency: str = Field(default="EUR", description="Currency of the prices.")
    operator: str = Field(default="any", description="Who runs the cloud, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )


def address(options: Options) -> str:
    """Where the API is. Refused when nobody says."""
    found = options.url or os.environ.get("ONE_XMLRPC")
    if not found:
        raise Refused("no address of OpenNebula: set `url`, or ONE_XMLRPC")
    return found


def credential(options: Options) -> tuple[str, str]:
    """(user, password). Refused when there is none."""
    if options.username and options.password:
        return options.username, options.password.get_secret_value()
    path = options.auth or Path(os.environ.get("ONE_AUTH") or Path.home() / ".one" / "one_auth")
    try:
        user, colon, password = path.read_text().strip().partition(":")
    except OSError as error:
        raise Refused(f"no credential: {path} cannot be read; set `username` and `password`, or `auth`") from error
    if not colon:
        raise Refused(f"no credential: {path} is not `user:password`")
    return user, password
