"""Amazon EC2, and what speaks its Query API: libcloud's driver signs, the rest is said here.

Tokens and tags are EC2's own tags, set in the request that makes a thing. VPCs, addresses and images know no tokens:
they are looked for before, under a lock of this process, and looked at again after. What each kind is in EC2 stands in
the module of its name, and in docs/providers/ec2.md.
"""

from __future__ import annotations

import ssl

import httpx

from providers.ec2.options import Options
from providers.errors import Refused
from providers.opening import settings_of
from providers.protocol import Provider
from providers.transport import connections

__all__ = ["Options", "open_ec2"]


def open_ec2(name: str, **options: object) -> Provider:
    """The provider instance `name`; `options` are the fields of `Options`. Refused, naming each that is wrong, and
    where apache-libcloud is not installed."""
    try:
        with settings_of(name):
            return _opened(name, Options.model_validate(options))
    except ImportError as error:
        raise Refused(f"provider {name}: {error}; install the extra `ec2`", provider=name) from error


def _opened(name: str, options: Options) -> Provider:
    from providers.ec2 import credentials, wire
    from providers.ec2.account import Account
    from providers.ec2.driver import Ec2

    context = ssl.create_default_context(cafile=str(options.cacert)) if options.cacert else options.verify
    by = connections(verify=context)
    client = httpx.Client(transport=by, trust_env=False)
    place = wire.Place(options.region, options.address)
    chain = credentials.usual(options, client)
    return Ec2(name, Account(options), wire.Wire(name, place, chain, by), client.close)
