"""Every setting, with its meaning and its default. The only module that reads the environment.

Settings come, first wins, from `ACCORDS_…` variables (nested with `__`), the file `$ACCORDS_CONFIG` or
`<home>/accords.yaml`, and the defaults here. The documentation's table is generated from this class.

They are read here with pydantic alone: pydantic-settings would be 5 MB more in each process, for thirty lines.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_origin
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from broker.errors import Misconfigured


def default_home() -> Path:
    """Where state is kept when nobody says otherwise: /var/lib/accords for root, the user's data folder for others."""
    if os.geteuid() == 0:
        return Path("/var/lib/accords")
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local/share"))) / "accords"


USUAL_PROVIDERS: Mapping[str, Any] = {"local": {"driver": "local"}}
"""Where no file names any: this machine."""


class SshSettings(BaseModel):
    """How the broker comes into nodes by SSH."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(default="root", description="Whom the broker is in nodes; the key opens nothing but the way.")
    port: int = Field(default=22, description="Where SSH listens in nodes.")
    source: str = Field(default="0.0.0.0/0", description="From where nodes' firewalls let SSH in.")
    packages: tuple[str, ...] = Field(
        default=(), description="Packages that nodes need for it, where images lack them."
    )
    via: str | None = Field(
        default=None,
        description="What lies between: `node:NAME`, another node of the service, or `user@host:port`, a machine.",
    )
    via_key: Path | None = Field(default=None, description="File of the key that the machine between takes.")
    via_host_key: str | None = Field(default=None, description="What the machine between shows: `ssh-ed25519 AAAA…`.")

    @model_validator(mode="after")
    def _between_is_known(self) -> Self:
        if self.via and not self.via.startswith("node:") and not (self.via_key and self.via_host_key):
            raise ValueError(f"via {self.via} needs via_key and via_host_key: nobody unknown is believed")
        return self


class ProviderSettings(BaseModel):
    """One provider instance: its driver, how its nodes are reached, and the driver's own options beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    reach: Literal["home", "ssh", "either"] = Field(
        default="home",
        description="How instructions reach nodes: their agents call, the broker comes by SSH (extra `ssh`), or by SSH "
        "to those that do not call.",
    )
    ssh: SshSettings = Field(default=SshSettings(), description="How the broker comes, where it does.")
    driver: str = Field(description="Which driver this instance uses: a name that `accords providers drivers` lists.")

    @property
    def options(self) -> dict[str, Any]:
        """What the driver's factory is called with."""
        return dict(self.model_extra or {})


class Settings(BaseModel):
    """All settings of the broker, its worker, its command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default_factory=default_home, description="Folder of databases, keys, logs and local nodes.")
    database: str = Field(
        default="sqlite:///{home}/{row}.sqlite",
        description="Database address of each row; `{home}` and `{row}` are replaced.",
    )
    host: str = Field(default="127.0.0.1", description="Address the rows listen on.")
    base_port: int = Field(
        default=8086, description="Port of the first row; the others follow as in the table of rows."
    )
    public_url: str | None = Field(
        default=None,
        description="Scheme and host that clients see, when a proxy stands in front; no path. Each row keeps its port, "
        "unless `origin_port` is set: then this address, with its own port, is that of all rows.",
    )
    origin_port: int | None = Field(
        default=None,
        description="Port of one address for all rows, beside their own: `serve all` listens there, and clients are "
        "shown no other.",
    )
    trust_forwarded: bool = Field(
        default=False,
        description="Believe the headers Forwarded, X-Forwarded-Proto and X-Forwarded-Host where `public_url` is not "
        "set: only where nobody but your proxy reaches the rows.",
    )
    browser_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may call the rows from a browser (CORS), `*` for all."
    )
    occi_1_1: bool = Field(
        default=False,
        description="1.1 mode: Server names OCCI/1.1 too, and what 1.2 took out of Infrastructure is there.",
    )
    bind_entity: bool = Field(
        default=False, description="Give the kind entity the location /entity/, for clients that want one of each kind."
    )
    publisher: str | None = Field(
        default=None, description="Address of the publisher row; by default the one on `host` at its own port."
    )
    mirrors: tuple[str, ...] = Field(
        default=(),
        description="Addresses of further publishers: asked when the first does not answer, and told by each publisher "
        "of the rows that renew with it.",
    )
    rows: dict[str, str] = Field(
        default_factory=dict,
        description="Static addresses of rows: tried when no publisher answers, or what it said leads nowhere.",
    )
    door_address: str = Field(
        default="10.198.0.1", description="Address that nodes call home to; the local provider adds it to `lo`."
    )
    door_port: int = Field(default=8286, description="Port of the agents' door, TLS always.")
    stream_port: int = Field(default=8116, description="Port of the stream of events, on `host`.")
    token: str | None = Field(default=None, description="The token the command line and the worker show.")
    account: str = Field(default="admin", description="Account of the administrator made at the first start.")
    providers: dict[str, ProviderSettings] = Field(
        default_factory=lambda: {name: ProviderSettings(**said) for name, said in USUAL_PROVIDERS.items()},
        description="Provider instances by name; their order is the order of preference.",
    )
    body_limit: int = Field(default=2 * 1024**2, description="Largest request body and document, bytes.")
    threads: int = Field(default=8, description="Threads of one server process.")
    walk_parallel: int = Field(default=64, description="Steps that one walk has in flight at once.")
    worker_queue: Literal["store", "dbos"] = Field(
        default="store",
        description="How workers come by what there is to do: each looks in the store itself, or DBOS gives it to one "
        "of them (extra `dbos`, PostgreSQL only).",
    )
    call_deadline: float = Field(default=20.0, description="Seconds one call to a cloud may take; less than the lease.")
    lease: float = Field(default=30.0, description="Seconds a worker owns a plan without renewing.")
    publication_lease: float = Field(default=15.0, description="Seconds a row stays listed without renewing.")
    offer_max_age: float = Field(default=300.0, description="Seconds after which an offer is too old to plan with.")
    offer_period: float = Field(default=60.0, description="Seconds between two looks at what providers offer.")
    repair: Literal["report", "repair", "adopt"] = Field(
        default="report",
        description="What the worker does by itself about what differs at a provider: say it, put it right, or want it "
        "so from now on. A service may say otherwise (`accords up --repair`).",
    )
    step_timeout: float = Field(default=600.0, description="Seconds a step may take, waiting included.")
    retention: float = Field(
        default=30 * 86400.0,
        description="Seconds that events are kept, and logs, verdicts and violations of services that were released.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    header_limit: int = Field(default=60_000, description="Largest response header rendered in text/occi, bytes.")

    @field_validator("public_url")
    @classmethod
    def _without_path(cls, said: str | None) -> str | None:
        """OCCI clients disagree on what a path before all paths would mean (NS-06)."""
        if said is None:
            return None
        found = urlsplit(said)
        if not (found.scheme and found.hostname) or found.path.strip("/") or found.query or found.fragment:
            raise ValueError("scheme, host and perhaps port are expected: https://cloud.example.org")
        return said.rstrip("/")

    @model_validator(mode="after")
    def _calls_end_within_a_lease(self) -> Self:
        """Or a worker that lost its lease could still be in a call when the next one looks what that call made."""
        if self.call_deadline >= self.lease:
            raise ValueError(
                f"call_deadline is {self.call_deadline:g} s, and must be less than lease, {self.lease:g} s"
            )
        return self

    def provider_options(self, name: str) -> dict[str, Any]:
        """What an instance's driver is opened with: its own options, over what some drivers need to know of this
        machine: nodes here where their agents call, and clouds that keep no tags where they are kept for them."""
        own = self.providers[name]
        here: Mapping[str, Mapping[str, Any]] = {
            "local": {"home": self.home / "local", "door_address": self.door_address, "door_port": self.door_port},
            "libcloud": {"home": self.home / "libcloud"},
        }
        return {**here.get(own.driver.partition(":")[0], {}), **own.options}


def load() -> Settings:
    """The settings of this process. Misconfigured, with all that is wrong with them."""
    try:
        return Settings.model_validate(_over(_of_files(os.environ), _of_environment(os.environ)))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": ") for each in error.errors())
        raise Misconfigured(f"the settings cannot be used: {wrong}", hint=_WHERE) from error


def _of_files(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the YAML file says, and beside its providers those that were added by command."""
    home = _home(environment)
    found = _of_file(Path(environment.get("ACCORDS_CONFIG", str(home / "accords.yaml"))))
    added = _of_file(home / ADDED)
    return _over({"providers": USUAL_PROVIDERS, **found}, {"providers": added}) if added else found


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("ACCORDS_HOME", str(default_home())))


def add_provider(name: str, said: Mapping[str, Any] | None) -> Path:
    """Keep a provider instance for every later start, instead of one of that name that was added before; None forgets
    it. The file, which nobody else can read: it may hold credentials."""
    path = _home(os.environ) / ADDED
    kept = {**_of_file(path), name: said}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yaml.safe_dump({key: value for key, value in kept.items() if value is not None}, file, sort_keys=False)
    beside.replace(path)
    return path


def _of_file(path: Path) -> dict[str, Any]:
    """What a YAML file says, if it is there."""
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not YAML: {' '.join(str(error).split())}", hint=_WHERE) from error
    if not isinstance(found, dict):
        raise Misconfigured(f"{path}: a mapping of settings is expected", hint=_WHERE)
    return found


def _of_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """What variables say: nested ones over the whole setting they are in. Those that are no settings are not ours."""
    found: dict[str, Any] = {}
    for variable, text in sorted(environment.items(), key=lambda item: _INSIDE in item[0]):
        name, *inner = variable.removeprefix(_PREFIX).lower().split(_INSIDE)
        if variable.startswith(_PREFIX) and name in Settings.model_fields:
            value = _nested(inner, text) if inner else _value(name, text)
            found = _over(found, {name: value})
    return found


def _value(name: str, text: str) -> Any:
    """A setting as its variable says it: JSON where it is a mapping or a list."""
    if get_origin(Settings.model_fields[name].annotation) not in (dict, tuple):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Misconfigured(f"the settings cannot be used: {name}: {text!r} is not JSON", hint=_WHERE) from error


def _nested(inner: list[str], text: str) -> Any:
    """{a: {b: value}} for [a, b]. A driver's option may be JSON, and is text otherwise."""
    value: Any = text
    with contextlib.suppress(ValueError):
        value = json.loads(text)
    for name in reversed(inner):
        value = {name: value}
    return value


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both; where both have a value that is no mapping, the one above. `below` gives the order."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


ADDED = "providers.yaml"
"""In the home: the providers that `accords providers add` was told of."""
_PREFIX, _INSIDE = "ACCORDS_", "__"
_WHERE = (
    "they come from ACCORDS_… variables and <home>/accords.yaml, providers also from <home>/providers.yaml; "
    "docs/reference/settings.md lists them"
)
