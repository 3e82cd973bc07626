"""A cloud on paper and a driver of libcloud's making for it: what libcloud sends, without a socket. Not a test.

It has machines, sizes and images, and keeps nothing with a machine but its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from libcloud.common.base import ConnectionKey, JsonResponse
from libcloud.common.types import InvalidCredsError
from libcloud.compute.base import Node, NodeDriver, NodeImage, NodeSize
from libcloud.compute.types import NodeState

from providers.adapter import Wire
from providers.libcloud.account import Account
from providers.libcloud.driver import LibCloud
from providers.libcloud.ledger import Ledger
from providers.libcloud.options import Options
from providers.libcloud.wire import bind

Answer = httpx.Response
TOKEN = "t" * 26


class PaperResponse(JsonResponse):
    def parse_error(self) -> str:
        if self.status == 401:
            raise InvalidCredsError("who are you?")
        return str(self.body)


class PaperConnection(ConnectionKey):
    host, secure, responseCls = "paper.test", 0, PaperResponse  # noqa: N815 - libcloud's name

    def add_default_headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Authorization": str(self.key)}


class PaperDriver(NodeDriver):
    connectionCls = PaperConnection  # noqa: N815 - libcloud's name
    name, website, type = "Paper", "http://paper.test", "paper"

    def _asked(self, path: str, method: str = "GET", **data: object) -> Any:
        body = orjson.dumps(data) if data else None
        return self.connection.request(path, method=method, data=body).object

    def _node(self, found: dict[str, str]) -> Node:
        return Node(found["id"], found["name"], NodeState.RUNNING, ["192.0.2.1"], ["10.0.0.1"], self)

    def list_nodes(self) -> list[Node]:
        return [self._node(each) for each in self._asked("/nodes")]

    def list_sizes(self, location: object = None) -> list[NodeSize]:
        return [
            NodeSize(each["name"], each["name"], 1024, 10, None, 0.0, self, {"cpus": 2})
            for each in self._asked("/sizes")
        ]

    def list_images(self, location: object = None) -> list[NodeImage]:
        return [NodeImage("1", "Debian", self)]

    def create_node(self, name: str, size: NodeSize, image: NodeImage, ex_userdata: str = "") -> Node:
        return self._node(self._asked("/nodes", "POST", name=name, user_data=ex_userdata))

    def destroy_node(self, node: Node) -> bool:
        self._asked(f"/nodes/{node.id}", "DELETE")
        return True

    def reboot_node(self, node: Node) -> bool:
        return False


@dataclass
class Paper:
    """The cloud: its machines, what it was asked, the keys that it knows. `before` may answer instead, or raise;
    `after` is told of what was done, and may raise, too."""

    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {"key"})
    sizes: list[str] = field(default_factory=lambda: ["small", "large"])
    before: Callable[[httpx.Request], Answer | None] = lambda request: None
    after: Callable[[httpx.Request], None] = lambda request: None
    numbers: Any = field(default_factory=lambda: itertools.count(100))

    def __call__(self, request: httpx.Request) -> Answer:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.headers["Authorization"] not in self.keys:
            return Answer(401, json={})
        if (answer := self.before(request)) is not None:
            return answer
        answer = self._done(request)
        self.after(request)
        return answer

    def _done(self, request: httpx.Request) -> Answer:
        if request.url.path == "/sizes":
            return Answer(200, json=[{"name": each} for each in self.sizes])
        if request.method == "POST":
            return Answer(200, json=self.make(orjson.loads(request.content)))
        if request.method == "DELETE":
            return Answer(200 if self.nodes.pop(request.url.path.split("/")[-1], None) else 404, json={})
        return Answer(200, json=list(self.nodes.values()))

    def make(self, what: dict[str, str]) -> dict[str, str]:
        id = str(next(self.numbers))
        self.nodes[id] = {**what, "id": id}
        return self.nodes[id]

    def provider(self, key: str = "key", **options: Any) -> LibCloud:
        """The driver, at this cloud. Each of libcloud's objects is made with the newest key."""
        bind()
        given = Options.model_validate({"images": {"linux": "Debian"}, **options})
        ledger = Ledger(given.home / "paper.sqlite" if given.home else None)
        wire = Wire(httpx.Client(transport=httpx.MockTransport(self), trust_env=False), "paper")
        return LibCloud("paper", Account("paper", given, ledger), lambda: PaperDriver(max(self.keys)), wire, {})
