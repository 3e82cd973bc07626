"""One login at one cloud: the connection of each thread, and what does not change at a cloud, asked for once.

keystoneauth's session and its token may be shared by threads; openstacksdk's Connection is not promised to, so each
thread has its own over the same session. The session renews a token that the cloud refuses, once a request.
"""

from __future__ import annotations

import functools
import ssl
import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

import httpx
import requests
from keystoneauth1.session import Session
from openstack.block_storage.v3._proxy import Proxy as VolumeProxy
from openstack.compute.v2.flavor import Flavor
from openstack.config import OpenStackConfig
from openstack.config.cloud_region import CloudRegion
from openstack.connection import Connection
from openstack.image.v2._proxy import Proxy as ImageProxy
from openstack.network.v2.network import Network

from providers.adapter import Wire
from providers.errors import Refused
from providers.openstack.options import Options, credentials
from providers.transport import connections

VOLUMES = ("block-storage", "volumev3")
"""What catalogues call cinder."""


class Account:
    """`options` are the settings; `cloud` is this thread's connection."""

    def __init__(self, name: str, options: Options) -> None:
        self.options = options
        # the SDK's own retries are off: walks decide
        found = options.url is None
        config = OpenStackConfig(app_name="accords", load_yaml_config=found, load_envvars=found)
        self._region: CloudRegion = config.get_one(**credentials(options), connect_retries=0, status_code_retries=0)
        self._wire = Wire(httpx.Client(transport=connections(verify=_trusted(self._region)), trust_env=False), name)
        sends = requests.Session()
        sends.mount("http://", self._wire)
        sends.mount("https://", self._wire)
        sends.trust_env = False
        constructor = functools.partial(Session, session=sends)
        self._region.set_session_constructor(cast(type[Session], constructor))
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._sizes: Mapping[str, str] = {}
        self._external: tuple[Network | None] | None = None

    @property
    def cloud(self) -> Connection:
        """This thread's connection. Nothing is asked of the cloud by taking it."""
        found = getattr(self._threads, "cloud", None)
        if found is None:
            with self._lock:  # the first makes the session that all share
                found = self._threads.cloud = Connection(config=self._region)
        return cast(Connection, found)

    @property
    def images(self) -> ImageProxy:
        """Glance, in the one version that is left."""
        return cast(ImageProxy, self.cloud.image)

    @property
    def volumes(self) -> VolumeProxy:
        """Cinder, in the one version that is left."""
        return cast(VolumeProxy, self.cloud.block_storage)

    @property
    def project(self) -> str:
        """The id of the project that this account's token is for. Refused where it is for none."""
        found = self.cloud.session.get_project_id()
        if not found:
            raise Refused("the login is for no project: name one in clouds.yaml or the options")
        return str(found)

    def has_volumes(self) -> bool:
        """Whether the catalogue has cinder."""
        catalogue = self._region.get_service_catalog()
        types = {each.get("type") for each in catalogue.catalog} if catalogue else set()
        return not types.isdisjoint(VOLUMES)

    def flavors(self) -> Sequence[Flavor]:
        """The sizes that this account may take, with a new look."""
        found = list(self.cloud.compute.flavors(details=True))
        self._sizes = {str(each.name): str(each.id) for each in found}
        return found

    def flavor_id(self, name: str | None) -> str:
        """A size's id; what it is does not change, so that it is asked for once. Refused where there is none."""
        if name not in self._sizes:
            self.flavors()
        if name is None or name not in self._sizes:
            raise Refused(f"there is no size {name!r}; there are {', '.join(sorted(self._sizes))}")
        return self._sizes[name]

    def external(self) -> Network | None:
        """The network that leads out: the one of the options, or the only one; None where there is none. Refused where
        there are several, or not the one that is named. Asked for once."""
        if self._external is None:
            self._external = (
                _chosen(list(self.cloud.network.networks(is_router_external=True)), self.options.external),
            )
        return self._external[0]

    def close(self) -> None:
        self._wire.close()


def _chosen(networks: Sequence[Network], wanted: str | None) -> Network | None:
    named = [each for each in networks if wanted in (None, each.id, each.name)]
    if len(named) == 1:
        return named[0]
    if not named and wanted is None:
        return None
    names = ", ".join(f"{each.name} ({each.id})" for each in networks) or "none"
    raise Refused(f"the network that leads out is {wanted or 'not chosen'}: set `external` to one of {names}")


def _trusted(region: CloudRegion) -> ssl.SSLContext | bool:
    """What clouds.yaml or the options say of certificates, as httpx takes it."""
    verify, cert = region.get_requests_verify_args()
    if verify is False:
        return False
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if cert:
        chain: Any = cert if isinstance(cert, tuple) else (cert,)
        context.load_cert_chain(*chain)
    return context
