"""What the settings say of an occi provider: where the other broker is, and what its renderings cannot tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

GIB = 1024**3


class Options(BaseModel):
    """OCCI tells what kinds there are, not how much of them: the largest machine and its price are said here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://", description="Address of the other broker's cloud row.")
    token: SecretStr = Field(default=SecretStr(""), description="Token that the other broker gave for our account.")
    zone: str = Field(default="occi", description="Name of the one zone that is offered.")
    operator: str = Field(default="any", description="Who runs the other broker, as offers say it.")
    cores: int = Field(default=8, ge=1, description="Cores of the largest machine.")
    memory: int = Field(default=16 * GIB, ge=1, description="Memory of the largest machine, bytes.")
    disk: int = Field(default=100 * GIB, ge=0, description="Disk of the largest machine, bytes.")
    machines: int | None = Field(default=None, ge=0, description="How many machines fit; none is no known limit.")
    price: Decimal | None = Field(default=None, description="Price of the largest machine for an hour.")
    currency: str = Field(default="EUR", description="Currency of the price.")
    delivery: Literal["home", "none"] = Field(
        default="home", description="Whether its machines can reach our agents' door (home), or get no instructions."
    )
