"""How servers of others differ where OCCI 1.1 leaves it open, as data. What is not here they have in common: making by
POST with a Location in the answer, collections as lists of locations, text.

Neither takes tags: token and tags stand in what the server keeps of an entity, as one word behind its title or as its
summary. A quote in them cannot be said, so they are written as a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.occi.shown import Model
from providers.occi.words import COMPUTE, USER_DATA
from providers.protocol import Ability

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Dialect:
    """`answers` is the rendering it is asked for, `memory` the bytes of one unit, `keeps` the attribute with our marks,
    `longest` its longest value, `data` the mixin and the attribute of user data. `known` is the scheme by which it is
    recognized."""

    name: str
    answers: str
    memory: int
    keeps: str
    longest: int
    data: tuple[str, str]
    known: str = ""


DIALECTS: Mapping[str, Dialect] = {
    "rocci": Dialect(
        "rocci",
        "text/plain",
        1024 * MIB,
        "occi.core.summary",
        4096,
        (USER_DATA, "occi.compute.userdata"),
    ),
    "ooi": Dialect(
        "ooi",
        "text/occi",
        MIB,
        "occi.core.title",
        255,
        ("http://schemas.openstack.org/compute/instance#user_data", "org.openstack.compute.user_data"),
        known="http://schemas.openstack.org/template/os#",
    ),
}

ABILITIES = frozenset({Ability.VOLUMES, Ability.SUSPEND})
"""What both have. Firewalls and public addresses they have too, in words of their own for what names what, which no
document settles; they are not asked for."""


def recognized(model: Model) -> Dialect | None:
    """Whose server it is, by its templates; rOCCI where they are nobody's in particular. None: it has no computes."""
    if not any(each.type == COMPUTE for each in model.kinds):
        return None
    own = [each for each in DIALECTS.values() if each.known]
    return next((each for each in own if any(mixin.scheme == each.known for mixin in model.mixins)), DIALECTS["rocci"])
