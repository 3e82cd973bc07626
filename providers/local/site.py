"""Where a local provider keeps things and what it may use of this machine. The driver's options, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from providers.errors import Refused

IDS = 65536  # user and group ids of one node; all nodes share one range, because they share the layers


class Options(BaseModel):
    """What the settings may say of a local provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default=Path("/var/lib/accords/local"), description="Folder of nodes, volumes and records.")
    cache: Path | None = Field(default=None, description="Folder of built layers; by default `layers` in the home.")
    prefix: str = Field(
        default="acc", pattern=r"^[a-z]{3}$", description="First letters of every device and node made here."
    )
    pool: IPv4Network = Field(
        default=IPv4Network("10.199.0.0/16"), description="Addresses that networks are cut from, a /24 each."
    )
    door_address: IPv4Address = Field(
        default=IPv4Address("10.198.0.1"), description="Address nodes call home to; on `lo` while there are networks."
    )
    door_port: int = Field(default=8286, ge=1, le=65535, description="Port nodes call home to.")
    uid_base: int = Field(
        default=1_900_000_000, ge=65536, le=2**31 - IDS, description="User id on this machine of root in a node."
    )
    zone: str = Field(default="here", description="Name of the one zone that is offered.")
    operator: str = Field(default="any", description="Who runs this machine, as offers say it.")


@dataclass(frozen=True, slots=True)
class Site:
    """One local provider's share of this machine. `name` is the provider instance's."""

    name: str
    home: Path
    cache: Path
    prefix: str
    pool: IPv4Network
    door_address: IPv4Address
    door_port: int
    uid_base: int
    zone: str
    operator: str

    @classmethod
    def of(cls, name: str, options: Mapping[str, object]) -> Site:
        """Refused, naming the option, when one is wrong."""
        try:
            given = Options.model_validate(options)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "options"
            raise Refused(
                f"provider {name}: {where}: {first['msg']}; correct it in the settings", provider=name
            ) from error
        home = given.home.absolute()
        found = given.model_dump() | {"name": name, "home": home, "cache": (given.cache or home / "layers").absolute()}
        return cls(**found)

    @property
    def options(self) -> str:
        """These options as JSON, for a process of its own to open the same site with."""
        return Options(**{field: getattr(self, field) for field in Options.model_fields}).model_dump_json()

    @property
    def table(self) -> str:
        """The name of this site's nftables tables."""
        return f"accords_{self.prefix}"

    def node(self, id: str) -> Path:
        """The folder of one machine: LXC's, so its name is the container's."""
        return self.home / "nodes" / id

    def volume(self, id: str) -> Path:
        return self.home / "volumes" / id

    def snapshot(self, id: str) -> Path:
        return self.home / "snapshots" / id
