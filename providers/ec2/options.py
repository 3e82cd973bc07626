"""What the settings say of an ec2 provider: which region and zones, whose credentials, and what EC2 cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Quota = Literal["machines", "cores", "memory", "volumes", "storage", "addresses", "networks"]


class Options(BaseModel):
    """Credentials: `key` and `secret` stand for themselves; without them the chain of AWS' own tools is followed
    (`providers.ec2.credentials`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str = Field(description="The region, also one that libcloud does not know.")
    zones: tuple[str, ...] = Field(
        default=(), description="Zones that are offered; empty for the region's first. Networks have a part in each."
    )
    key: str | None = Field(default=None, description="Access key id.")
    secret: SecretStr | None = Field(default=None, description="Secret access key.")
    token: SecretStr | None = Field(default=None, description="Session token, where key and secret are temporary.")
    profile: str | None = Field(default=None, description="Section of the shared credentials file.")
    metadata: str = Field(
        default="http://169.254.169.254", pattern=r"^https?://", description="The instance metadata service."
    )
    endpoint: str | None = Field(
        default=None, pattern=r"^https?://", description="Where EC2 is, instead of the region's own address."
    )
    verify: bool = Field(default=True, description="Whether the certificate of the cloud is verified.")
    cacert: Path | None = Field(default=None, description="File with the certificates that are trusted.")
    images: Mapping[str, str] = Field(default={}, description="Names of ours for images: name -> their id.")
    sizes: tuple[str, ...] = Field(default=(), description="Instance types that are offered; empty for all there are.")
    quotas: Mapping[Quota, int] = Field(
        default={}, description="Quotas of the account: machines, cores, memory, volumes, storage, addresses, networks."
    )
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    currency: str = Field(default="USD", description="Currency of the prices.")
    pool: IPv4Network = Field(
        default=IPv4Network("10.0.0.0/8"), description="Where the ranges of networks that name none are taken."
    )
    outward: bool = Field(
        default=True,
        description="Whether machines get a public address of their own, their way out; firewalls let nobody in by it.",
    )
    volume_type: str = Field(default="gp3", description="Type of volumes that name none.")
    operator: str = Field(default="any", description="Who runs the cloud, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )

    @property
    def address(self) -> str:
        """Where EC2 is asked: China has a domain of its own."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return (self.endpoint or f"https://ec2.{self.region}.{domain}").rstrip("/")
