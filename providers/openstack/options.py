"""What the settings say of an openstack provider: how to log in, and what the cloud itself cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Options(BaseModel):
    """Credentials: `cloud` names an entry of clouds.yaml; `url` and what goes with it stand for themselves; with
    neither, `OS_CLOUD` and the other `OS_*` variables are used, as by the command line client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cloud: str | None = Field(default=None, description="Name of an entry in clouds.yaml.")
    url: str | None = Field(default=None, pattern=r"^https?://", description="Address of keystone, with its /v3.")
    username: str | None = Field(default=None, description="Who logs in, with `password` and `project`.")
    password: SecretStr | None = Field(default=None, description="The password.")
    project: str | None = Field(default=None, description="The project that everything is made in.")
    user_domain: str = Field(default="Default", description="Domain of the user.")
    project_domain: str = Field(default="Default", description="Domain of the project.")
    application_credential: str | None = Field(default=None, description="Id of an application credential.")
    secret: SecretStr | None = Field(default=None, description="The application credential's secret.")
    region: str | None = Field(default=None, description="Region, where the cloud has several.")
    interface: Literal["public", "internal", "admin"] | None = Field(
        default=None, description="Which of the catalogue's endpoints are used."
    )
    verify: bool = Field(default=True, description="Whether the certificate of the cloud is verified.")
    cacert: Path | None = Field(default=None, description="File with the certificates that are trusted.")
    endpoints: Mapping[str, str] = Field(
        default={}, description="Addresses that stand for the catalogue's: compute, network, image, block_storage."
    )
    external: str | None = Field(
        default=None, description="Name or id of the network that leads out, where there are several."
    )
    network: str | None = Field(default=None, description="Id of the network of machines that name none.")
    physical: str | None = Field(
        default=None, description="Physical network of VLANs, where this account may choose their numbers."
    )
    pool: IPv4Network = Field(
        default=IPv4Network("10.128.0.0/9"), description="Where the ranges of networks that name none are taken."
    )
    images: Mapping[str, str] = Field(default={}, description="Names of ours for images: name -> their id or name.")
    config_drive: bool = Field(default=False, description="Whether user-data also come on a drive of the machine.")
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    currency: str = Field(default="EUR", description="Currency of the prices.")
    operator: str = Field(default="any", description="Who runs the cloud, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )


def credentials(options: Options) -> dict[str, Any]:
    """What openstacksdk's configuration takes. A login of the options' own leaves clouds.yaml and `OS_*` alone."""
    found: dict[str, Any] = {"cloud": options.cloud, "region_name": options.region, "interface": options.interface}
    found |= {f"{service}_endpoint_override": url for service, url in options.endpoints.items()}
    if not options.verify:
        found["verify"] = False
    if options.cacert:
        found["cacert"] = str(options.cacert)
    if options.url:
        found |= {"auth_type": "v3applicationcredential"} if options.application_credential else {}
        found["auth"] = _login(options)
    return {name: value for name, value in found.items() if value is not None}


def _login(options: Options) -> dict[str, str]:
    """The SDK's names for it, the password's among them: it is not shown by anything that prints options."""
    if options.application_credential:
        return {
            "auth_url": str(options.url),
            "application_credential_id": options.application_credential,
            "application_credential_secret": _plain(options.secret),
        }
    return {
        "auth_url": str(options.url),
        "username": options.username or "",
        "password": _plain(options.password),
        "project_name": options.project or "",
        "user_domain_name": options.user_domain,
        "project_domain_name": options.project_domain,
    }


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
