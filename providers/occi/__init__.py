"""Another broker as a provider, over OCCI 1.2 in JSON: its cloud row's compute, network, storage and their links.

Tokens: a thing's uuid is made from its token and it is made with PUT at its own address (occi.md ENT-03), so the same
token is the same address, whoever asks and however often. Token and tags are attributes of the mixin `tagged`, whose
collection is what `list` reads. What OCCI has no words for is not offered: firewalls, packages, instructions.
"""

from __future__ import annotations

from pydantic import ValidationError

from providers.errors import Refused
from providers.occi.driver import Occi
from providers.occi.options import Options

__all__ = ["Occi", "Options", "open_occi"]


def open_occi(name: str, **options: object) -> Occi:
    """The provider instance `name`; `options` are the fields of `Options`. Refused, naming each that is wrong."""
    try:
        return Occi(name, Options.model_validate(options))
    except ValidationError as error:
        mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Refused(f"provider {name}: {mistakes}; correct it in the settings", provider=name) from error
