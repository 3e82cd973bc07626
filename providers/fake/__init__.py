"""The fake cloud: a product for tests, demonstrations and benchmarks, and the reference meaning of the Protocol.

In memory (`driver: fake`), or in a server process with its own state (`python -m providers.fake.server`) that the
same driver talks to (`driver: fake`, `url: http://127.0.0.1:PORT`). Every knob is in `providers.fake.knobs`, and
documented by a test in `tests/providers/test_fake_knobs.py`. It makes nothing real.
"""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from providers.errors import Refused
from providers.fake.driver import Fake
from providers.fake.gate import Held
from providers.fake.knobs import GIB, Knobs, Quotas, Script, Throttle, Trouble
from providers.fake.ledger import Call, Carried
from providers.protocol import Provider

__all__ = [
    "GIB",
    "Call",
    "Carried",
    "Fake",
    "Held",
    "Knobs",
    "Quotas",
    "Script",
    "Throttle",
    "Trouble",
    "open_fake",
    "read_knobs",
]


def open_fake(name: str, *, url: str | None = None, **knobs: object) -> Provider:
    """The instance `name`: a cloud in this process with these knobs, or the server at `url`, which has its own."""
    if url is None:
        return Fake(name, read_knobs(name, knobs))
    if knobs:
        raise Refused(f"provider {name}: the server at {url} has its own knobs; leave out {', '.join(knobs)}")
    from providers.fake.remote import RemoteFake

    return RemoteFake(name, url)


def read_knobs(name: str, found: object) -> Knobs:
    """Knobs out of the settings or a request; Refused with every mistake in it."""
    try:
        return TypeAdapter(Knobs).validate_python(found)
    except ValidationError as error:
        mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Refused(f"provider {name}: {mistakes}", provider=name) from error
