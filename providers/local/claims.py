"""What this machine has once and several sites share: packet forwarding, and the address of the agents' door on `lo`.

Each site that uses one leaves a file under /run; the first remembers how it was before, the last puts that back. A
restart of the machine empties /run and undoes both, which is why claiming again always puts them in place again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from providers.local import whole
from providers.local.locks import locked
from providers.local.programs import Deadline, run
from providers.local.site import Site

RUN = Path("/run/accords")
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
BEFORE = "before"


def claim(site: Site, deadline: Deadline) -> None:
    """Forwarding is on and the door's address is there, until this site and all others release them."""
    _claim(site, "forwarding", FORWARDING.read_text, lambda: _set_forwarding("1"), deadline)
    door = site.door_address
    here = ["ip", "address", "replace", f"{door}/32", "dev", "lo"]
    _claim(site, f"address-{door}", lambda: _on_lo(door, deadline), lambda: _drop(run(here, deadline)), deadline)


def release(site: Site, deadline: Deadline) -> None:
    """This site needs them no more. Nothing when it had not claimed them."""
    _release(site, "forwarding", _set_forwarding, deadline)
    _release(site, f"address-{site.door_address}", lambda before: _take_off_lo(site, before, deadline), deadline)


def _claim(site: Site, what: str, look: Callable[[], str], ensure: Callable[[], None], deadline: Deadline) -> None:
    with locked(RUN.parent, deadline):  # not RUN: the last to release takes that away
        folder = RUN / what
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not (folder / BEFORE).exists():  # also where a kill came between the two, or in the middle of a release
            whole.write(folder / BEFORE, look().encode())
        (folder / _holder(site)).touch()
        ensure()


def _release(site: Site, what: str, restore: Callable[[str], None], deadline: Deadline) -> None:
    with locked(RUN.parent, deadline):
        if (RUN / what).is_dir():
            _let_go(RUN / what, _holder(site), restore)
        with contextlib.suppress(OSError):  # another claim is still there, or there never was one
            RUN.rmdir()


def _let_go(folder: Path, holder: str, restore: Callable[[str], None]) -> None:
    """The last holder puts back what was there before; what a kill left of a claim goes too."""
    before = folder / BEFORE
    (folder / holder).unlink(missing_ok=True)
    if {path.name for path in folder.iterdir()} <= {BEFORE, whole.part(before).name}:
        if before.exists():
            restore(before.read_text(encoding="utf-8"))
        whole.remove(before)
        folder.rmdir()


def _holder(site: Site) -> str:
    return hashlib.sha256(str(site.home).encode()).hexdigest()[:16]


def _set_forwarding(value: str) -> None:
    FORWARDING.write_text(value, encoding="ascii")


def _on_lo(address: IPv4Address, deadline: Deadline) -> str:
    """`there` or `absent`."""
    found = json.loads(run(["ip", "-j", "-4", "address", "show", "dev", "lo"], deadline) or "[]")
    local = {entry.get("local") for device in found for entry in device.get("addr_info", ())}
    return "there" if str(address) in local else "absent"


def _take_off_lo(site: Site, before: str, deadline: Deadline) -> None:
    if before == "absent":
        run(["ip", "address", "del", f"{site.door_address}/32", "dev", "lo"], deadline, check=False)


def _drop(_: object) -> None:
    """The answer of a program that is run for what it does."""
