"""What the settings say of a libcloud provider: what libcloud's driver is made with, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, field_validator

DEVICES = (
    "disk/by-id/virtio-{id:.20}",
    "disk/by-id/virtio-{plain:.20}",
    "disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{id}",
    "disk/by-id/nvme-Amazon_Elastic_Block_Store_{plain}",
    "disk/by-id/scsi-0DO_Volume_{name}",
    "disk/by-id/google-{name}",
)
"""Links that udev makes where a hypervisor tells its guest which volume a disk is: QEMU's (OpenStack, CloudStack),
EC2's, DigitalOcean's, Google's."""


class Options(BaseModel):
    """`driver` and `arguments` are libcloud's own words, as its documentation of that cloud has them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: SecretStr | None = Field(
        default=None, description="First credential of libcloud's driver: a user, key or token."
    )
    secret: SecretStr | None = Field(default=None, description="Second credential, where it has one.")
    account: Mapping[str, Any] = Field(
        default={}, description="Further arguments that libcloud's driver is made with: host, port, region, ex_…"
    )
    arguments: Mapping[str, Mapping[str, Any]] = Field(
        default={},
        description="Arguments of libcloud's methods beside ours: `create_node: {ex_config_drive: true}`. "
        "`{ex_list_networks: lan}` in one stands for that of the things so listed whose id or name is `lan`.",
    )
    images: Mapping[str, str] = Field(default={}, description="Names of ours for images: name -> their id or name.")
    sizes: Sequence[str] = Field(default=(), description="Sizes that are offered, by id or name; empty for all.")
    zone: str | None = Field(
        default=None, description="The location where things are made, by id or name; the first, without it."
    )
    open: bool = Field(
        default=False,
        description="Whether nodes may go here although this driver closes none: something outside does, or they may "
        "be open.",
    )
    devices: Sequence[str] = Field(
        default=DEVICES,
        description="What a machine may see a volume as, below /dev, the likeliest first: {id} and {name} are the "
        "volume's at the cloud, {plain} its id without dashes.",
    )
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    currency: str = Field(default="USD", description="Currency of the prices.")
    verify: bool = Field(default=True, description="Whether the certificate of the cloud is verified.")
    cacert: FilePath | None = Field(default=None, description="File with the certificates that are trusted.")
    most: int = Field(
        default=32,
        ge=1,
        description="So many of libcloud's driver objects at once, each for one call at a time; 1 for a driver that "
        "keeps what it made in its own memory.",
    )
    home: Path | None = Field(
        default=None, description="Folder of what is remembered of things made; in memory alone without it."
    )
    operator: str = Field(default="any", description="Who runs the cloud, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )

    @field_validator("key", "secret", mode="before")
    @classmethod
    def _written_as_a_number(cls, said: object) -> object:
        return str(said) if isinstance(said, int) else said

    @field_validator("devices")
    @classmethod
    def _of_a_volume(cls, patterns: Sequence[str]) -> Sequence[str]:
        for each in patterns:
            try:
                told = seen_as([each], "1", "a") != seen_as([each], "2", "b")
            except (LookupError, ValueError) as error:
                raise ValueError(f"{each!r} may have {{id}}, {{plain}} and {{name}}, and no more") from error
            if not told:
                raise ValueError(f"{each!r} is the same for every volume; say which by {{id}}, {{plain}} or {{name}}")
        return patterns


def seen_as(patterns: Sequence[str], id: str, name: str) -> Sequence[str]:
    """What a machine may see a volume as."""
    return [each.format(id=id, plain=id.replace("-", ""), name=name) for each in patterns]
