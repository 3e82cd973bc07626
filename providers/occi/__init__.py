"""An OCCI server as a provider. One of our own brokers: what is behind it can be used as if it were here, so brokers
chain (`broker`). A server of somebody else's, rOCCI or ooi: what OCCI 1.1 has words for (`foreign`).

`words` are the names of things, `asking` and `seeing` what is said and what is shown, `server` the requests.
"""

from __future__ import annotations

from providers.occi.driver import Occi
from providers.occi.options import Options
from providers.opening import settings_of

__all__ = ["Occi", "Options", "open_occi"]


def open_occi(name: str, **options: object) -> Occi:
    """The provider instance `name`; `options` are the fields of `Options`. Refused, naming each that is wrong."""
    with settings_of(name):
        return Occi(name, Options.model_validate(options))
