"""Probes ask a service as its clients do; silence is a measurement, a probe that cannot measure is not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sla import METRICS, Origin
from sla.probes import PROBES, ProbeUnable, measure


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def pacs() -> Iterator[int]:
    pynetdicom = pytest.importorskip("pynetdicom")
    entity: Any = pynetdicom.AE(ae_title="PACS")
    entity.add_supported_context("1.2.840.10008.1.1")
    server = entity.start_server(("127.0.0.1", 0), block=False)
    yield server.socket.getsockname()[1]
    server.shutdown()


def test_a_c_echo_that_is_answered_measures_one(pacs: int) -> None:
    assert measure("dicom:echo", "127.0.0.1", f"PACS@{pacs}", 2) == 1


def test_a_c_echo_to_a_closed_port_measures_zero(closed_port: int) -> None:
    assert measure("dicom:echo", "127.0.0.1", f"PACS@{closed_port}", 2) == 0


def test_a_port_that_accepts_measures_one_and_a_closed_one_zero(pacs: int, closed_port: int) -> None:
    assert measure("tcp:connect", "127.0.0.1", str(pacs), 2) == 1
    assert measure("tcp:connect", "127.0.0.1", str(closed_port), 2) == 0


class _Teapot(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(418 if self.path == "/system" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_an_http_probe_measures_the_status_of_the_path_it_was_given(closed_port: int) -> None:
    with HTTPServer(("127.0.0.1", 0), _Teapot) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert measure("http:status", "127.0.0.1", f"{server.server_port}/system", 2) == 418
        finally:
            server.shutdown()
            thread.join()
    assert measure("http:status", "127.0.0.1", f"{closed_port}/", 2) == 0


@pytest.mark.parametrize("location", [None, "", "PACS@", "PACS@0", "PACS@x", "PACS@70000"])
def test_a_location_without_a_port_is_a_probe_that_cannot_measure(location: str | None) -> None:
    with pytest.raises(ProbeUnable, match="port"):
        measure("dicom:echo", "127.0.0.1", location, 1)


def test_every_outside_metric_has_a_probe_and_no_other_has() -> None:
    assert {name for name, metric in METRICS.items() if metric.origin is Origin.OUTSIDE} == set(PROBES)
