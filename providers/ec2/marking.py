"""Tags put back on what is there."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.looking import Seen
from providers.ec2.wire import Call
from providers.protocol import Kind, State


def put(call: Call, seen: Seen, wanted: Mapping[str, str]) -> None:
    """Beside the tags that it has under other names. A network that is whole is marked so again: with our token and
    without that mark it would look half made."""
    whole = seen.resource.kind is Kind.NETWORK and seen.resource.state is State.ACTIVE
    given = {**wanted, **({tags.WHOLE: "yes"} if whole else {})}
    asked = {"ResourceId.1": _id(seen)}
    for number, (key, value) in enumerate(given.items(), 1):
        asked |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    call.ask("CreateTags", asked)


def _id(seen: Seen) -> str:
    """What EC2 tags a thing by: key pairs, which we know by name, have an id for that."""
    return seen.element.findtext("keyPairId") or seen.resource.id
