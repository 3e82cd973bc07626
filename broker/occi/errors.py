"""The OCCI core's errors: a family of its own below the broker's, each message naming the offending term.

    OcciError
    ├── Malformed    400  a rendering that cannot be read, a value that breaks a rule        (broker Invalid)
    ├── Unknown      404  a kind, mixin, action or location nobody defined                   (broker Missing)
    ├── Denied       403  an immutable attribute, a mixin that does not apply, a provider's mixin (broker Forbidden)
    ├── Unfit        409  the entity's state or another definition forbids it                (broker Clash)
    └── TooLong      406  a rendering that does not fit in a header                          (broker Unacceptable)

`term` in the fields is the attribute, category or path that the message is about (HTTP-21).
"""

from __future__ import annotations

from broker.errors import AccordsError, Clash, Forbidden, Invalid, Missing, Unacceptable


class OcciError(AccordsError):
    """Whatever the OCCI core refuses."""


class Malformed(OcciError, Invalid):
    code = "occi.invalid"
    status = 400


class Unknown(OcciError, Missing):
    code = "occi.unknown"
    status = 404


class Denied(OcciError, Forbidden):
    code = "occi.denied"
    status = 403


class Unfit(OcciError, Clash):
    code = "occi.conflict"
    status = 409


class TooLong(OcciError, Unacceptable):
    code = "occi.too-long"
    status = 406
