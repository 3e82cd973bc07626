"""An OCCI server as a provider. One of our own brokers: what is behind it can be used as if it were here, so brokers
chain (`broker`). A server of somebody else's, rOCCI or ooi: what OCCI 1.1 has words for (`foreign`).

`words` are the names of things, `asking` and `seeing` what is said and what is shown, `server` the requests.
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
