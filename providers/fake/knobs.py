"""The knobs of the fake cloud: everything about it that can be set, with its meaning. Values only.

`Knobs` are the driver's options (in the settings, or sent to a running server); a `Trouble` is one thing that goes
wrong on the way to the cloud or back; a `Script` says how an instruction ends that contains some text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import ConfigDict

from providers.protocol import Ability, OfferedImage, OfferedSize, Problem

GIB = 1024**3

SIZES = (
    OfferedSize("small", cores=1, memory=2 * GIB, disk=20 * GIB, price=Decimal("0.01")),
    OfferedSize("medium", cores=2, memory=4 * GIB, disk=40 * GIB, price=Decimal("0.02")),
    OfferedSize("large", cores=4, memory=8 * GIB, disk=80 * GIB, price=Decimal("0.04")),
    OfferedSize("xlarge", cores=8, memory=16 * GIB, disk=160 * GIB, price=Decimal("0.08")),
)
IMAGES = (
    OfferedImage("image-debian-12", "debian-12", "debian", "12", aliases=("linux", "debian")),
    OfferedImage("image-ubuntu-24.04", "ubuntu-24.04", "ubuntu", "24.04", aliases=("ubuntu",)),
)

Code = Literal["not-found", "refused", "conflict", "quota", "auth", "throttled", "unavailable", "ambiguous"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong with some calls.

    `call`, `kind`, `name` are patterns (`*`, `?`) that choose the calls: the method, the kind, the thing's name or
    id. Of those chosen, the `nth` (from 1) and the `times - 1` after it are hit; `times` 0 means all from the nth on.

    `does`:
    - `fail`: the call raises `error` (a code of `providers.errors` without its prefix) and nothing is carried out;
      `delay` is the delay of a `throttled`.
    - `lose`: the call is carried out and its answer is lost: Ambiguous.
    - `hold`: the call waits until it is let go, `when` = `before` it is carried out or `after`. Its deadline holds:
      held past it, the call raises Ambiguous (and held `before`, it is then not carried out).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    does: Literal["fail", "lose", "hold"]
    call: str = "*"
    kind: str = "*"
    name: str = "*"
    nth: int = 1
    times: int = 1
    error: Code = "unavailable"
    delay: float = 1.0
    when: Literal["before", "after"] = "before"


@dataclass(frozen=True, slots=True)
class Script:
    """How an instruction ends whose arguments contain the text `match`, and the seconds it runs before that. Only the
    first `times` of them end so; 0 means all."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    match: str
    exit: int = 0
    output: str = ""
    seconds: float = 0.0
    times: int = 0


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `calls` calls in any `per` seconds; the next is Throttled with the delay until it would pass."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    calls: int
    per: float = 1.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """What fits at once; None is no limit. Memory in bytes. Stopped machines count."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    machines: int | None = None
    cores: int | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Knobs:
    """Everything that can be set; the defaults are a friendly cloud.

    - `latency`: seconds every call takes; `latencies`: the same for one method, first. A call whose latency is past
      its deadline is carried out all the same and raises Ambiguous: a slow cloud still does it.
    - `pending`: seconds a thing is PENDING after it was made, and a machine after it was acted on.
    - `throttle`, `quotas`: see there. `troubles`: what goes wrong from the start; more can be added later.
    - `idempotent`: whether `create` looks at tokens. Without, the same token twice makes two things; `find` gives
      the older. The walk has to look before it creates.
    - `zones`: name -> factor on prices. `sizes`, `images`, `flexible`, `abilities`, `currency`, `operator`,
      `categories`: as in an Offering. Saved snapshots are offered as images too.
    - `delivery`: `direct` (instructions are carried out, each token once, and end as `scripts` say, first match, or
      with 0) or `none` (Refused).
    - `problems`: what `check` answers.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    latency: float = 0.0
    latencies: Mapping[str, float] = field(default_factory=dict)
    pending: float = 0.0
    throttle: Throttle | None = None
    quotas: Quotas = Quotas()
    troubles: tuple[Trouble, ...] = ()
    idempotent: bool = True
    zones: Mapping[str, Decimal] = field(default_factory=lambda: {"fake-1": Decimal(1)})
    sizes: tuple[OfferedSize, ...] = SIZES
    images: tuple[OfferedImage, ...] = IMAGES
    flexible: bool = False
    abilities: frozenset[Ability] = frozenset(Ability) - {Ability.PACKAGES, Ability.DEVICES}
    currency: str = "EUR"
    operator: str = "any"
    categories: tuple[str, ...] = ("easiclouds_application", "paas_application_manifest")
    delivery: Literal["direct", "none"] = "direct"
    scripts: tuple[Script, ...] = ()
    problems: tuple[Problem, ...] = ()
