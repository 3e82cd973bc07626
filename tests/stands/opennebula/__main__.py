"""The stand-in as a process: its address on the first line, until it is killed."""

import sys
import threading

from tests.stands.opennebula import opened

with opened() as stand:
    sys.stdout.write(f"{stand.url}\n")
    sys.stdout.flush()
    threading.Event().wait()
