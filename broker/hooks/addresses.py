"""What clients write for "that one": a path, an address, a urn or a uuid. Pure."""

from __future__ import annotations

import uuid

from broker.errors import Invalid


def uuid_of(reference: str) -> str:
    """The uuid in `urn:uuid:<id>`, `/plan/<id>`, `http://host:port/plan/<id>`, `<kind> <id>` or `<id>`. Invalid."""
    last = reference.strip().rstrip("/").rpartition("/")[2].rpartition(" ")[2].removeprefix("urn:uuid:")
    try:
        return str(uuid.UUID(last))
    except ValueError as error:
        raise Invalid(f"{reference[:80]!r} names no entity", hint="give its address or its id") from error
