"""What agents say, as the door takes it: sizes, types and names checked before anything else looks at it.

A node's root can send whatever it likes; nothing here is believed, only bounded. Unknown members are let pass, so that
a newer agent can say more than this door understands.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from broker.agent.node import CPU, METRICS
from broker.errors import Invalid

NEWEST = 1
"""The newest version of the messages that this door speaks; it serves every older one."""
OUTPUT = 16 * 1024
LOG = 64 * 1024
WEEK = 7 * 24 * 3600.0

# Only what is measured inside a node is taken from it: what is probed from outside (dicom:echo...) it must not forge.
METRIC = re.compile("|".join(map(re.escape, (*METRICS, *CPU))) + r"|net:[\w.@-]{1,32}:(rx|tx|err|status)")

# All control characters but line feed and tab: they would act on the terminal that shows them.
_CONTROL = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])

Short = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


M = TypeVar("M", bound=Message)


class Hello(Message):
    node: Short
    token: Short


class Outcome(Message):
    """`exit` as a shell gives it; `output` is the end of what was printed."""

    id: Short
    exit: Annotated[int, Field(ge=-255, le=255)]
    output: Annotated[str, StringConstraints(max_length=OUTPUT)] = ""


class Outcomes(Message):
    outcomes: Annotated[list[Outcome], Field(max_length=64)]


class Measurement(Message):
    """`age`: seconds since it was taken; a node's clock is not believed."""

    metric: Annotated[str, StringConstraints(max_length=64)]
    location: Annotated[str, StringConstraints(max_length=1024)] = ""
    value: Annotated[float, Field(allow_inf_nan=False)]
    age: Annotated[float, Field(ge=0, le=WEEK)] = 0.0


class Measurements(Message):
    samples: Annotated[list[Measurement], Field(max_length=500)]


class Log(Message):
    id: Short
    text: Annotated[str, StringConstraints(max_length=LOG)]


def read(kind: type[M], body: bytes) -> M:
    """A message, or Invalid that says where it is wrong and never repeats what was sent."""
    try:
        return kind.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Invalid("the message is not JSON", code="agent.message") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the message"
        raise Invalid(f"{where}: {error.errors()[0]['msg']}", code="agent.message") from None


def readable(text: str) -> str:
    """Text of a node that is safe to show."""
    return text.translate(_CONTROL)
