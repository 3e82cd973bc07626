"""Measurements from outside: each asks a node's service as its clients do, once, and answers a number.

A service that does not answer is a measurement (0), not a missing one. What keeps the probe itself from measuring
(a location that names no port, a library that is not installed) is ProbeUnable: then there is no sample, and the
verdict becomes unknown.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable, Mapping
from typing import Any


class ProbeUnable(Exception):
    """The probe could not measure; the message says why and what to mend."""


def dicom_echo(address: str, location: str, timeout: float) -> float:
    """1 when C-ECHO (DICOM PS3.4 annex A, Verification) is answered with status 0x0000, else 0."""
    title, _, port = location.rpartition("@")
    entity = _application_entity(timeout)
    association = entity.associate(address, _port(port), ae_title=title or "ANY-SCP")
    if not association.is_established:
        return 0.0
    try:
        status = association.send_c_echo()
    finally:
        association.release()
    return 1.0 if getattr(status, "Status", None) == 0 else 0.0


def _application_entity(timeout: float) -> Any:
    try:
        pynetdicom = importlib.import_module("pynetdicom")
    except ImportError as absent:
        raise ProbeUnable("dicom:echo needs pynetdicom; install accords[dicom]") from absent
    entity = pynetdicom.AE(ae_title="ACCORDS")
    entity.add_requested_context("1.2.840.10008.1.1")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = timeout
    return entity


def tcp_connect(address: str, location: str, timeout: float) -> float:
    """1 when the port accepts a connection, else 0."""
    try:
        socket.create_connection((address, _port(location)), timeout).close()
    except OSError:
        return 0.0
    return 1.0


def http_status(address: str, location: str, timeout: float) -> float:
    """The status of GET http://address:port/path, 0 without an answer. `location` is `port/path`."""
    import httpx

    port, _, path = location.partition("/")
    try:
        # plain HTTP: `verify` would only read all authorities' certificates, 20 ms of each probe
        answer = httpx.get(f"http://{address}:{_port(port)}/{path}", timeout=timeout, trust_env=False, verify=False)  # noqa: S501 - no TLS here
    except httpx.HTTPError:
        return 0.0
    return float(answer.status_code)


PROBES: Mapping[str, Callable[[str, str, float], float]] = {
    "dicom:echo": dicom_echo,
    "tcp:connect": tcp_connect,
    "http:status": http_status,
}


def measure(metric: str, address: str, location: str | None, timeout: float) -> float:
    """The value of an outside metric now. Takes at most about `timeout` seconds. Raises ProbeUnable."""
    if metric not in PROBES:
        raise ProbeUnable(f"no probe measures {metric!r} from outside; there are {', '.join(PROBES)}")
    return PROBES[metric](address, location or "", timeout)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ProbeUnable(f"a port from 1 to 65535 is expected in the variable's location, found {text!r}")
    return int(text)
