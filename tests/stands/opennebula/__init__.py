"""A stand-in for OpenNebula 7.x: its XML-RPC API on loopback, for the tests of the driver and of what is above it.

    with opened() as stand:
        stand.url        # http://127.0.0.1:PORT/RPC2
        stand.session    # "accords:secret", a usual user; ADMIN ("oneadmin:opennebula") may recover and set quotas
        stand.cloud      # what it holds (cloud.py): machines, images, networks, groups, templates, users, hosts, pace
        stand.faults     # list of server.Fault; `database_is_locked()` is one
        stand.calls      # every call as (method, session)

Written from the API reference, the XML schemas and the template reference, not from a driver. `python -m
tests.stands.opennebula` serves it until killed and prints its address first.

What it has: the methods of `methods.METHODS`. A site (`cloud.usual`): cluster `default` (0), two hosts of 16 cores and
32 GB, system datastore 0 and image datastore 1, image 0 `Debian 12`, network 0 `public` (198.51.100.10, 200 addresses,
which may be reserved from or leased), security group 0 `default` (everything), user 2 `accords` who may make networks
(`cloud.users[2].networks = False` takes that right, as most sites do).

How it is like the real one:
- Machines pass PENDING, ACTIVE (PROLOG, BOOT, RUNNING) by a clock, a `pace.step` each; what may be asked in which state
  is in `states.ACTIONS` and `states.CHANGES`; everything else is ACTION 0x0800. While a machine is in a HOTPLUG state,
  in PROLOG or in BOOT, `terminate` and `poweroff` are refused. `one.vm.recover` 3 ends it there, but takes VM:ADMIN,
  which owners have not. To terminate what is DONE is fine.
- `cloud.failing = 2`: the next two machines that boot end in BOOT_FAILURE; they stay ACTIVE until they are terminated.
- More than fits is no error: the machine stays PENDING with SCHED_MESSAGE in USER_TEMPLATE, and is placed when there is
  room. A machine on an image that is LOCKED waits in CLONING.
- DONE machines stay: one.vm.info shows them with STATE 6; pools leave them out unless asked (-2).
- one.vmpool.info has no tags (USER_TEMPLATE is cut to a few names); one.vmpool.infoextended has all.
- Unknown attributes of a machine's template are its USER_TEMPLATE: tags. Images, networks, groups and templates keep
  theirs in TEMPLATE. one.vm.disksaveas and one.vn.reserve take no attributes: tags only by an update after.
- DISK_IDs have gaps: CONTEXT takes one, and none is given twice. NIC_IDs are shared with aliases.
- Names of images, networks and groups are a user's once: `NAME is already taken by IMAGE 3.` (INTERNAL 0x2000); those
  of machines and templates are not.
- A quota is AUTHORIZATION 0x0200: `User [2] : user [2] limit of 1 reached for VMS quota in VM.`
- A wrong password, an ended token and `database is locked` are the same AUTHENTICATION 0x0100 and the same sentence.
- Hosts are seen by administrators only: a usual user gets an empty pool and no error.
- An address is leased when the machine is allocated and free when it is DONE; `IP` in a NIC chooses it.
- A network with leases, an image or a group in use is not deleted: ACTION 0x0800.
- Rules are of CIDRs (IP and SIZE) or a NETWORK_ID: no rule names another group.
- `user_data(stand.cloud, id)` is what a guest's contextualization would hand to cloud-init.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.loopback import own_address
from tests.stands.opennebula.cloud import Cloud, Pace, usual
from tests.stands.opennebula.pairs import every, first
from tests.stands.opennebula.server import Fault, Log, Server, database_is_locked

__all__ = ["ADMIN", "SESSION", "Fault", "Pace", "Stand", "database_is_locked", "opened", "user_data"]

SESSION = "accords:secret"
ADMIN = "oneadmin:opennebula"


@dataclass(frozen=True, slots=True)
class Stand:
    """One running stand-in."""

    url: str
    cloud: Cloud
    log: Log
    session: str = SESSION

    @property
    def faults(self) -> list[Fault]:
        return self.log.faults

    @property
    def calls(self) -> list[tuple[str, str]]:
        return self.log.calls


@contextmanager
def opened(
    pace: Pace | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    port: int = 0,
) -> Iterator[Stand]:
    """A new one on an address of its own, until the context ends. `clock` is what machines walk by, `wall` what tokens
    end by."""
    cloud, log = usual(pace or Pace(), clock, wall), Log()
    with Server(cloud, log, own_address(), port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Stand(server.url, cloud, log)
        finally:
            server.shutdown()
            thread.join()


def user_data(cloud: Cloud, machine: int) -> str:
    """USER_DATA of its CONTEXT, decoded where USERDATA_ENCODING says so; START_SCRIPT(_BASE64) where it has none."""
    context = next(iter(every(cloud.machines[machine].attributes, "CONTEXT")), [])
    text = first(context, "USER_DATA")
    if first(context, "USERDATA_ENCODING") == "base64":
        return base64.b64decode(text).decode()
    script = first(context, "START_SCRIPT_BASE64")
    return text or (base64.b64decode(script).decode() if script else first(context, "START_SCRIPT"))
