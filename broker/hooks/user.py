"""What users do beyond being stored: POST /user/<id>?action=login with a password gives a token of the account.

A portal that holds a token of the account lets its users in so. The token is of the account that the user's entity
belongs to, whatever the document says that made it: nobody becomes another account by writing its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broker import auth, passwords
from broker.errors import Forbidden
from broker.services import Context
from broker.store import Record

SECONDS = 12 * 3600
"""How long a token from a login is good: a working day."""


def login(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
    """The user with `org.accords.token`, which is in this answer only and stored nowhere. Forbidden when the password
    is another, or the user has none: which of the two is not said."""
    kept, given = record.attributes.get("occi.user.password"), arguments.get("password")
    if not passwords.fits(str(given), str(kept)):
        raise Forbidden(f"{record.title or record.id} is not let in with this password", hint="try another")
    name = str(record.attributes.get("occi.user.name") or record.id)
    principal = auth.Principal(name, record.account, auth.Role.USER)
    token = auth.issue(auth.installation(ctx.settings).key, principal, expires=ctx.now() + SECONDS * 1_000_000)
    return replace(record, attributes={**record.attributes, "org.accords.token": token})
