"""All rows in this process and a worker beside them, over the fake cloud: everything but sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker import auth
from broker.client import Client
from broker.occi.model import CORDS
from broker.services import ROWS
from broker.settings import ProviderSettings, Settings
from broker.store import PLATFORM, operations
from broker.verbs import Tools
from broker.web.app import Rows
from broker.worker import Worker, chores
from broker.worker.delivery import deliver
from broker.worker.operation import carry_out
from providers.fake import Fake, Knobs
from providers.protocol import Provider
from tests.databases import database, open_store
from tests.operations.stage import PAIR

OURS = "http://schemas.accords.org/occi/service/action#"
OF_CORDS = f"{CORDS.removesuffix('#')}/service/action#"
SCHEMES = {"retry": OURS, "cancel": OURS, "invoke": OURS, "release": OURS}


@dataclass
class House:
    """`others` are its providers beside the fake cloud, first in the order of the settings; `alone`: in its place."""

    home: Path
    others: Mapping[str, Provider] = field(default_factory=dict)
    alone: bool = False

    def __post_init__(self) -> None:
        known = {name: ProviderSettings(driver=each.driver) for name, each in self.others.items()}
        own = {} if self.alone else {"paris": ProviderSettings(driver="fake")}
        self.settings = Settings(home=self.home, database=database(self.home), providers={**known, **own})
        self.installation = auth.installation(self.settings)
        self.rows = Rows(ROWS, self.settings, self.installation.key)
        self.cloud = Fake("paris", Knobs())
        store = open_store(self.home)
        mine: dict[str, Provider] = {} if self.alone else {"paris": self.cloud}
        self.tools = Tools(store, self.settings, {**self.others, **mine}, lambda: "canary", self.installation.key)
        self.hands = self.client("worker", PLATFORM, auth.Role.WORKER)
        self.worker = Worker(self.tools, self.installation.id, self.hands, "house")
        chores.refresh_offers(self.tools)

    def client(self, name: str, account: str, role: auth.Role = auth.Role.USER) -> Client:
        token = auth.issue(self.installation.key, auth.Principal(name, account, role))
        return Client(self.settings, token, local=self.rows.apps)

    def work(self) -> None:
        """Everything there is to do: operations one after the other, and what they leave for the rows."""
        while True:
            with self.tools.store.write() as tx:
                lease = operations.take(tx, "house", 30)
            if lease is None:
                break
            carry_out(self.tools, self.installation.id, lease)
        while deliver(self.tools.store, self.hands):
            pass

    def close(self) -> None:
        self.worker.close()
        self.rows.close()


@dataclass
class User:
    """Somebody with a token, and what they would do."""

    client: Client

    def post_document(self, text: str = PAIR, media: str = "application/xml") -> dict[str, Any]:
        headers = {"Content-Type": media}
        answer: dict[str, Any] = self.client.request(
            "manifest", "POST", "/manifest/", content=text.encode(), headers=headers
        ).json()
        return answer

    def plan(self, location: str) -> dict[str, Any]:
        body = {"kind": CORDS + "plan", "attributes": {"occi.plan.manifest": location}}
        answer: dict[str, Any] = self.client.post("manifest", "/plan/", body)
        return answer

    def service(self, plan: str, name: str = "pair", **attributes: object) -> str:
        known = {"occi.service.plan": plan, "occi.service.name": name, **attributes}
        made = self.client.post("service", "/service/", {"kind": CORDS + "service", "attributes": known})
        return str(made["id"]).removeprefix("urn:uuid:")

    def up(self, text: str = PAIR, **attributes: object) -> str:
        return self.service(self.plan(self.post_document(text)["location"])["id"], **attributes)

    def act(self, service: str, action: str, **attributes: object) -> Any:
        body = {"action": SCHEMES.get(action, OF_CORDS) + action, "attributes": attributes}
        return self.client.post("service", f"/service/{service}", body, action=action)

    def report(self, service: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get("service", f"/service/{service}/report")
        return answer

    def state(self, service: str) -> str:
        return str(self.report(service)["service"]["state"])
