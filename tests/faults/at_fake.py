"""The pretend cloud as a server, behind the proxy: its nodes are told what to do. Not a test."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from providers.fake import Fake, Knobs
from providers.fake.server import Server
from tests.faults.site import CREDENTIALS, PAUSE, Fate, Held, Site, always
from tests.providers.between import Asked, Fault, between

CHANGES = ("create", "act", "resize", "delete", "instruct")


@contextmanager
def fake(folder: Path) -> Iterator[Site]:
    """It does not look at tokens: the walk has to, or things are made twice."""
    cloud = Fake("paris", Knobs(idempotent=False))
    with Server(cloud, 0) as server, between(server.url) as proxy:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield Site(
            "fake",
            "fake",
            {"url": proxy.url},
            proxy,
            word,
            lambda found: found.partition(" ")[0] in CHANGES,
            {
                "429": says("throttled", delay=PAUSE),
                "500": always(Fault(asked=True, status=500)),
                "503": always(Fault(asked=False, status=503, body=b"<html>busy</html>")),
                CREDENTIALS: says("auth"),
            },
            lambda: held(cloud),
            without=(),
        )
        server.shutdown()
        thread.join()


def word(asked: Asked) -> str:
    body = orjson.loads(asked.body)
    return f"{asked.path.strip('/')} {body.get('made') or body.get('kind') or ''}".strip()


def says(code: str, **more: object) -> Fate:
    body = {"error": {"code": f"provider.{code}", "message": "told so", "thing": "", **more}}
    return always(Fault(asked=False, status=409, body=orjson.dumps(body)))


def held(cloud: Fake) -> Held:
    return Counter(each.kind.value for each in cloud.resources())
