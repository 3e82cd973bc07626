"""Memory of all rows, the agents' door and a worker, idle, and of one category server by itself: proportional set size
of all processes together."""

from __future__ import annotations

import json
import socket
import time

from installation import ALL, Installation, installation

from broker import addresses

SETTLES = 10.0
"""Seconds until start-up's garbage is gone and every periodic pass has run once."""
TOGETHER = (("serve", "all", "--work"),)


def main() -> None:
    for name, commands in (("`serve all --work`", TOGETHER), ("`serve all` and `work` apart", ALL)):
        with installation({"fake": {"driver": "fake"}}, commands) as running:
            touch_every_row(running)
            time.sleep(SETTLES)
            megabytes = running.memory() / 1e6
        figure = {"name": f"all rows, the door and a worker, idle: {name}", "value": megabytes, "unit": "MB (PSS)"}
        print(json.dumps({**figure, "goal": "<= 150", "anchor": "IM 108 MB in one process"}), flush=True)

    with installation({}, (("serve", "node"),)) as running:
        touch(running, addresses.OFFSETS["node"])
        time.sleep(SETTLES)
        figure = {"name": "one category server, idle", "value": running.memory() / 1e6, "unit": "MB (PSS)"}
        print(json.dumps({**figure, "goal": "<= 60", "anchor": ""}), flush=True)


def touch_every_row(running: Installation) -> None:
    """A request to each, so that what rows load at their first is counted."""
    for offset in addresses.OFFSETS.values():
        touch(running, offset)


def touch(running: Installation, offset: int) -> None:
    with socket.create_connection(("127.0.0.1", running.base_port + offset), 30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        while connection.recv(65536):
            pass


if __name__ == "__main__":
    main()
