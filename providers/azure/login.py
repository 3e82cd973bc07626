"""Tokens: given by azure-identity, put on every request, asked for once more when Azure takes one no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import ContentDecodePolicy, HeadersPolicy, HTTPPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from providers.azure.options import Options
from providers.azure.wire import Wire

PROCESS = 10
"""Seconds that a login of a command line may take to answer."""


def credential(options: Options, wire: Wire) -> TokenCredential:
    """Whose tokens these options mean. It keeps the tokens that it was given."""
    sent: dict[str, Any] = {
        "authority": options.authority,
        "disable_instance_discovery": True,  # it would ask the public cloud about an authority of its own
        "transport": wire,
        "policies": [HeadersPolicy(), UserAgentPolicy(), ContentDecodePolicy()],
    }
    if options.tenant and options.client and options.secret:
        return ClientSecretCredential(options.tenant, options.client, options.secret.get_secret_value(), **sent)
    return DefaultAzureCredential(process_timeout=PROCESS, **sent)


class Login:
    """The token of an account. `make` makes a credential that has been given none yet."""

    def __init__(self, make: Callable[[], TokenCredential], endpoint: str) -> None:
        self._make, self._credential = make, make()
        self._scope = f"{endpoint.rstrip('/')}/.default"
        self._lock = threading.Lock()

    def token(self) -> str:
        return self._credential.get_token(self._scope).token

    def renewed(self, refused: str) -> str:
        """Another one than that, which the cloud refused; where a thread has renewed it already, that one's."""
        with self._lock:
            if self.token() == refused:
                self._credential = self._make()
            return self.token()


class Bearer(HTTPPolicy[HttpRequest, HttpResponse]):
    """Puts the token on a request; one that is refused (401) is renewed, and the request sent once more."""

    def __init__(self, login: Login) -> None:
        super().__init__()
        self._login = login

    def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, HttpResponse]:
        token = self._login.token()
        answer = self._sent(request, token)
        return answer if answer.http_response.status_code != 401 else self._sent(request, self._login.renewed(token))

    def _sent(self, request: PipelineRequest[HttpRequest], token: str) -> PipelineResponse[HttpRequest, HttpResponse]:
        request.http_request.headers["Authorization"] = f"Bearer {token}"
        return self.next.send(request)


def policies(login: Login) -> Sequence[object]:
    """All that a management client does with a request: no second try, no redirection, nothing logged."""
    return [HeadersPolicy(), UserAgentPolicy(base_user_agent="accords"), Bearer(login)]
