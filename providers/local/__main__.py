"""`python -m providers.local NAME OPTIONS VERB ID`: one job, see `jobs`. Nobody calls it but this driver."""

from __future__ import annotations

import json
import sys

from providers.local import lifecycle, snapshots
from providers.local.site import Site

VERBS = {
    "boot": lifecycle.boot_when_built,
    "stop": lifecycle.halt,
    "restart": lifecycle.halt,
    "save": snapshots.save,
}


def main() -> None:
    name, options, verb, id = sys.argv[1:]
    VERBS[verb](Site.of(name, json.loads(options)), id)


if __name__ == "__main__":
    main()
