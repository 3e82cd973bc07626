"""What the settings say of a kvm provider: which libvirt, which pools, and what a host's owner decides."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024**2
GIB = 1024**3


class Size(BaseModel):
    """A size that machines are offered in; bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: int = Field(ge=1)
    memory: int = Field(ge=16 * MIB)
    disk: int = Field(default=0, ge=0)


class Options(BaseModel):
    """There is no credential: who may use libvirt's socket, or log in by SSH, may use the host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(
        default="qemu:///system",
        pattern=r"^qemu(\+\w+)?://",
        description="Which libvirt: also qemu+ssh://user@host/system, or qemu+unix:///system?socket=PATH.",
    )
    pool: str = Field(default="default", description="Storage pool of disks and volumes: a directory.")
    image_pool: str | None = Field(default=None, description="Storage pool of images; none: the same.")
    images: Mapping[str, str] = Field(
        default={}, description="Names of ours for images: name -> name of a file in the pool of images."
    )
    virt: Literal["auto", "kvm", "qemu"] = Field(
        default="auto", description="kvm, qemu (TCG: slow, anywhere), or what a boot on this host shows to work."
    )
    probe: float = Field(default=5.0, gt=0, description="Seconds in which KVM must have booted the probe.")
    grace: float = Field(
        default=60.0, ge=0, description="Seconds a guest has to shut down before its machine is switched off."
    )
    range: IPv4Network = Field(
        default=IPv4Network("10.128.0.0/9"), description="Where the ranges of networks that name none are taken."
    )
    sizes: Mapping[str, Size] = Field(
        default={}, description="Sizes by name: cores, memory, disk (bytes); none: any that fits."
    )
    overcommit: float = Field(default=4.0, ge=1, description="Cores of machines for each of the host's.")
    reserve: int = Field(default=1 * GIB, ge=0, description="Bytes of memory that are kept for the host itself.")
    zone: str = Field(default="default", description="What the host is called as a zone.")
    prices: Path | None = Field(default=None, description="YAML file {name of a size: price an hour}.")
    currency: str = Field(default="EUR", description="Currency of the prices.")
    operator: str = Field(default="any", description="Who runs the host, as offers say it.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether machines can reach our agents' door (home), or get no instructions."
    )

    @property
    def base(self) -> str:
        """The pool of images."""
        return self.image_pool or self.pool
