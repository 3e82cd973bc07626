"""What the settings say of an occi provider: where the other end is, and what its answers cannot tell."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

GIB = 1024**3


class Size(BaseModel):
    """Memory and disk in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: int = Field(ge=1)
    memory: int = Field(ge=1)
    disk: int = Field(default=0, ge=0)


class Options(BaseModel):
    """One of our brokers tells all of its offers. Of a server of somebody else's, OCCI tells what kinds and templates
    there are, not how much of them: how many machines fit, where it is, and what it costs is said here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://", description="Address of the other broker's cloud row, or of a server.")
    token: SecretStr = Field(default=SecretStr(""), description="Token that the other end gave for our account.")
    user: str = Field(default="", description="Name for basic authentication, where there is no token.")
    password: SecretStr = Field(default=SecretStr(""), description="Password of that name.")
    dialect: Literal["auto", "broker", "rocci", "ooi"] = Field(
        default="auto", description="How the other end speaks; by itself it is seen from what the server shows."
    )
    provider: str | None = Field(
        default=None, description="Provider of the other broker that is meant; none: its first."
    )
    delivery: Literal["home", "none"] | None = Field(
        default=None,
        description="Whether machines can reach our agents' door (home), or get no instructions; none: as it says.",
    )
    operator: str | None = Field(
        default=None, description="Who runs the other end, as offers say it; none: as it says."
    )
    zone: str = Field(default="occi", description="Name of the one zone of a server that is no broker.")
    machines: int | None = Field(default=None, ge=0, description="How many machines fit there; none is no known limit.")
    images: dict[str, str] = Field(
        default_factory=dict, description="Alias -> id or title of a template of that server, such as linux."
    )
    sizes: dict[str, Size] = Field(
        default_factory=dict,
        description="Name of a size of that server -> {cores, memory, disk}, which it cannot tell.",
    )
    pool: IPv4Network = Field(
        default=IPv4Network("10.128.0.0/9"), description="Where the ranges of networks there are taken that name none."
    )
    open: bool = Field(default=False, description="Take machines there though no firewall closes them.")
    prices: Path | None = Field(default=None, description="YAML file {name of a size there: price an hour}.")
    currency: str = Field(default="EUR", description="Currency of those prices.")
