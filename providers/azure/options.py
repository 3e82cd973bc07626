"""What the settings say of an azure provider: whose subscription, where in it, and what the cloud cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

LINUX = "Canonical:ubuntu-24_04-lts:server:latest"


class Options(BaseModel):
    """Credentials: `tenant`, `client` and `secret` of a service principal; without them the chain of azure-identity:
    the `AZURE_*` variables, a workload or managed identity, the login of the `az` command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscription: str = Field(pattern=r"^[0-9A-Za-z-]+$", description="Id of the subscription.")
    group: str = Field(pattern=r"^[\w.()-]{1,90}$", description="Name of the resource group; it has to be there.")
    location: str = Field(pattern=r"^[a-z0-9]+$", description="Name of the region, as `westeurope`.")
    zone: str | None = Field(
        default=None,
        description="Availability zone of machines, volumes and addresses: 1, 2 or 3. None: no matter which.",
    )
    tenant: str | None = Field(default=None, description="Id of the tenant that the service principal is of.")
    client: str | None = Field(default=None, description="The service principal's application (client) id.")
    secret: SecretStr | None = Field(default=None, description="The service principal's secret.")
    endpoint: str = Field(
        default="https://management.azure.com",
        pattern=r"^https?://",
        description="Address of Resource Manager, for clouds of their own.",
    )
    authority: str = Field(default="https://login.microsoftonline.com", description="Where tokens are given.")
    verify: bool = Field(default=True, description="Whether the certificate of the cloud is verified.")
    cacert: Path | None = Field(default=None, description="File with the certificates that are trusted.")
    network: str | None = Field(default=None, description="Name of the virtual network of machines that name none.")
    pool: IPv4Network = Field(
        default=IPv4Network("10.128.0.0/9"), description="Where the ranges of networks that name none are taken."
    )
    images: Mapping[str, str] = Field(
        default={"linux": LINUX},
        description="Names of ours for images: name -> publisher:offer:sku:version, or an image of the group by name.",
    )
    sizes: tuple[str, ...] = Field(default=("*",), description="Patterns of the sizes that are offered.")
    disk: int = Field(default=32, ge=30, le=2048, description="GiB of the disk that machines start from.")
    disk_type: str = Field(default="StandardSSD_LRS", description="Type of disks that name none.")
    user: str = Field(default="accords", description="Name of the account that keys are put into.")
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    retail: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of the published prices, as https://prices.azure.com/api/retail/prices.",
    )
    currency: str = Field(default="EUR", description="Currency of the prices.")
    operator: str = Field(default="any", description="Who runs the cloud, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )

    @model_validator(mode="after")
    def _whole(self) -> Options:
        """A service principal is named whole or not at all."""
        given = [self.tenant, self.client, self.secret]
        if any(given) and not all(given):
            raise ValueError("tenant, client and secret go together; name all of them, or none")
        return self
