"""uvicorn around the stream. An extra of the package: who needs no stream has no second server installed."""

from __future__ import annotations

from broker import auth
from broker.errors import Misconfigured
from broker.settings import Settings
from broker.store import Store
from broker.stream import app

BACKLOG = 256
ENDING = 2
"""Seconds that streams get when the process is told to end: they never end by themselves."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM. Misconfigured where uvicorn is not installed."""
    try:
        import uvicorn
    except ImportError as error:
        hint = "install it with the package: pip install 'accords[stream]'"
        raise Misconfigured("the stream of events needs uvicorn, which is not installed", hint=hint) from error
    store = Store.open(settings.database.format(home=settings.home, row="service"))
    try:
        uvicorn.run(
            app.application(store, auth.installation(settings).key, settings.browser_origins),
            host=settings.host,
            port=settings.stream_port,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=ENDING,
        )
    finally:
        store.close()
