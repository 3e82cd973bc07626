"""XML-RPC over httpx: one call of the driver's is a Session with one deadline, whatever requests it takes.

Proved by user and password or, where the settings say so, by a login token that is taken with them. A refused
credential is proved once more and the call repeated once: that renews a token that ended, and tells a busy database
(`database is locked`, which OpenNebula says in the words of a wrong password) from a wrong password.
"""

from __future__ import annotations

import ssl
import threading
import time
import xmlrpc.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import httpx

from providers.errors import Ambiguous, Auth, Unavailable
from providers.opennebula.errors import Unauthenticated, answered, fault, refusal
from providers.opennebula.options import Options, address, credential
from providers.transport import Clock, connections, exchange

SAFE = (".info", ".infoextended", ".version", ".login")
"""How the methods end that change nothing which anybody but this session would notice."""
TRUSTED = 60.0
"""Seconds after it was last accepted in which a credential that is refused is taken for good, and the database for
busy; from then on for wrong."""


class Login:
    """What this account proves itself by. Threads share it."""

    def __init__(self, options: Options) -> None:
        self.user, self._password = credential(options)
        self.seconds = options.session
        self.lock = threading.Lock()
        self._token = ""
        self._accepted = float("-inf")

    @property
    def plain(self) -> str:
        return f"{self.user}:{self._password}"

    @property
    def words(self) -> str:
        """What calls are sent with now."""
        return f"{self.user}:{self._token}" if self._token else self.plain

    def lacks(self) -> bool:
        """Whether a token is to be taken first."""
        return self.seconds is not None and not self._token

    def take(self, token: str) -> None:
        self._token = token

    def accepted(self) -> None:
        self._accepted = time.monotonic()

    def lately(self) -> bool:
        return time.monotonic() - self._accepted < TRUSTED


class Wire:
    """One account at one cloud: its connections and its login."""

    def __init__(self, name: str, options: Options) -> None:
        self.name, self.login = name, Login(options)
        self.url = address(options)
        self.client = httpx.Client(transport=connections(verify=_trusted(options)), trust_env=False)

    def session(self, deadline: float) -> Session:
        return Session(self, Clock(deadline))

    def close(self) -> None:
        self.client.close()


class Session:
    """One call of the driver's. `changed`: a request of it may have changed something at the cloud."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self.wire, self.clock = wire, clock
        self.changed = False

    def ask(self, method: str, *parameters: Any) -> Any:
        """What `one.<method>` answers: text or a number. Raises errors of ours."""
        login = self.wire.login
        if login.lacks():
            self._prove("")
        words = login.words
        try:
            return self._sent(method, words, parameters)
        except Unauthenticated:
            self._prove(words)
        try:
            return self._sent(method, login.words, parameters)
        except Unauthenticated as error:
            raise Unavailable(f"{error}: the credential is good, so its database is busy; come again") from error

    def _prove(self, refused: str) -> None:
        """See that the credential is good, with a new token where tokens are used; Auth where it is not. Whoever comes
        second takes what the first has got."""
        with self.wire.login.lock:
            if self.wire.login.words == refused or self.wire.login.lacks():
                self._tried(self._logged_in)

    def _logged_in(self) -> None:
        login = self.wire.login
        if login.seconds is None:
            self._sent("user.info", login.plain, (-1,))
        else:
            login.take(self._sent("user.login", login.plain, (login.user, "", login.seconds, -1)))

    def _tried(self, prove: Callable[[], None]) -> None:
        try:
            prove()
        except Unauthenticated as error:
            if self.wire.login.lately():
                raise Unavailable(f"{error}: it was good a moment ago, so its database may be busy") from error
            self._once_more(error)

    def _once_more(self, refused: Unauthenticated) -> None:
        """A credential that was never accepted has a second look before it is called wrong."""
        try:
            self._sent("user.info", self.wire.login.plain, (-1,))
        except Unauthenticated as error:
            raise Auth(f"{error}: user and password of {self.wire.login.user}, or a busy database") from error
        if self.wire.login.lacks():
            raise Unavailable(f"{refused}: the credential is good, so its database is busy; come again") from refused

    def _sent(self, method: str, words: str, parameters: tuple[Any, ...]) -> Any:
        body = xmlrpc.client.dumps((words, *parameters), f"one.{method}", encoding="utf-8").encode()
        headers = {"Content-Type": "text/xml"}
        request = self.wire.client.build_request("POST", self.wire.url, content=body, headers=headers)
        changes = not method.endswith(SAFE)
        answer = exchange(
            self.wire.client, request, self.clock, provider=self.wire.name, thing=urlsplit(self.wire.url).path
        )
        if answer.status_code != 200:
            raise answered(answer.status_code, answer.headers, changes=changes)
        found = _told(method, answer.content)
        self.wire.login.accepted()
        self.changed |= changes
        return found


def _told(method: str, content: bytes) -> Any:
    """The result of an answer; the refusal that it is, raised."""
    try:
        values: Any = xmlrpc.client.loads(content)[0][0]
        good, result = values[0], values[1]
    except xmlrpc.client.Fault as error:
        raise fault(error.faultCode, error.faultString) from error
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, LookupError) as error:
        raise Ambiguous(f"the answer to one.{method} is none that OpenNebula gives ({error})") from error
    if not good:
        raise refusal(int(values[2]) if len(values) > 2 else 0, str(result))
    return result


def _trusted(options: Options) -> ssl.SSLContext | bool:
    if not options.verify:
        return False
    return ssl.create_default_context(cafile=str(options.cacert)) if options.cacert else True
