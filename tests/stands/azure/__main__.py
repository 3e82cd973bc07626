"""`python -m tests.stands.azure FOLDER`: the stand-in as a process; one line of JSON says where it is."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from tests.stands.azure import Stand

with Stand(Path(sys.argv[1])) as azure:
    words = ("endpoint", "scope", "tenant", "client", "secret", "subscription", "group", "location", "trusted")
    print(json.dumps({name: str(getattr(azure, name)) for name in words}), flush=True)
    threading.Event().wait()
