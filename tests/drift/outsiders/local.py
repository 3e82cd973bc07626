"""On this machine: its administrator, with LXC's own programs and an editor for the records."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from providers.local.site import Site
from providers.protocol import Kind, Resource


class Root:
    def __init__(self, site: Site) -> None:
        self.site = site

    def delete(self, thing: Resource) -> None:
        """A node with its folder and record, a volume with its folder: what is left of its network device goes with
        the container."""
        if thing.kind is Kind.MACHINE:
            self._lxc("lxc-stop", thing, "-k")
            folders = [self.site.node(thing.id)]
        else:
            folders = [self.site.home / "volumes" / thing.id]
        self._record(thing).unlink()
        for each in folders:
            shutil.rmtree(each, ignore_errors=True)

    def stop(self, machine: Resource) -> None:
        self._lxc("lxc-stop", machine, "-k")

    def resize(self, machine: Resource) -> None:
        raise NotImplementedError

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        path = self._record(thing)
        found = json.loads(path.read_text())
        path.write_text(json.dumps({**found, "tags": dict(tags)}))

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        """A record that says that there is a volume."""
        raise NotImplementedError

    def _record(self, thing: Resource) -> Path:
        return self.site.home / "records" / thing.kind / f"{thing.id}.json"

    def _lxc(self, program: str, machine: Resource, *more: str) -> None:
        words = [program, "-P", str(self.site.home / "nodes"), "-n", machine.id, *more]
        subprocess.run(words, check=False, capture_output=True)
