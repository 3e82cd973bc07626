"""A report as people read it."""

from __future__ import annotations

from broker.cli import show

REPORT = {
    "service": {
        "id": "1",
        "name": "pacs",
        "state": "failed",
        "account": "admin",
        "created": "1970-01-01T00:00:00.000000Z",
        "expires": None,
    },
    "operation": {"kind": "deploy", "state": "failed", "done": 3, "total": 5},
    "steps": [
        {"id": "lan", "state": "done"},
        {"id": "pacs.0.machine", "state": "failed", "error": {"message": "no offer has 8 cores; the largest has 4"}},
        {"id": "pacs.0.ready", "state": "blocked", "error": None},
    ],
    "nodes": [
        {
            "name": "pacs-db",
            "state": "active",
            "provider": "local",
            "zone": "here",
            "addresses": ["10.1.0.2"],
            "ports": [
                {"protocol": "tcp", "from": 5432, "to": 5432, "source": "node:pacs"},
                {"protocol": "udp", "from": 1, "to": 9, "source": "0.0.0.0/0"},
            ],
        }
    ],
    "volumes": [{"id": "v", "name": "images", "provider": "local", "size": 20_000_000_000, "retain": True}],
    "outputs": [],
    "outside": [],
    "samples": [
        {
            "metric": "du:bytes",
            "target": "pacs",
            "location": "/srv/images",
            "value": 20_000_000_001.0,
            "units": "bytes",
            "at": "1970-01-01T00:01:00.000000Z",
        }
    ],
    "guarantees": [
        {
            "name": "answers",
            "target": "pacs",
            "state": "violated",
            "reason": "dicom:echo is 0",
            "at": "1970-01-01T00:00:00.000001Z",
            "since": "1970-01-01T00:01:00.000000Z",
        }
    ],
    "error": {"step": "pacs.0.machine", "message": "no offer has 8 cores", "hint": "ask for 4"},
    "can": ["retry", "release"],
    "methods": ["backup"],
}


def test_a_report_says_what_failed_why_and_what_can_be_done() -> None:
    assert show.report(REPORT) == [
        "pacs: failed",
        "  step pacs.0.machine: no offer has 8 cores",
        "  ask for 4",
        "nodes:",
        "  pacs-db  active  10.1.0.2  on local  tcp/5432 from pacs udp/1-9",
        "volumes:",
        "  images  20 GB  on local  kept when released",
        "measured:",
        "  pacs  du:bytes /srv/images  20000000001 bytes  at 1970-01-01 00:01:00",
        "guarantees:",
        "  answers  VIOLATED since 1970-01-01 00:01:00  dicom:echo is 0",
        "not done:",
        "  pacs.0.machine  failed   no offer has 8 cores; the largest has 4",
        "  pacs.0.ready    blocked",
        "can: retry, release",
        "methods: backup",
    ]


def test_a_kept_volume_is_shown_with_the_command_that_removes_it() -> None:
    kept = [
        {"id": "v1", "kind": "volume", "service": "pacs", "name": "images", "size": 1_500_000, "provider": "local"},
        {"id": "v2", "kind": "image", "service": "pacs", "name": "pacs-db-2", "size": 0, "provider": "local"},
    ]
    assert show.volumes(kept) == [
        "v1  volume  pacs  images     1.5 MB  local  accords volumes --remove v1",
        "v2  image   pacs  pacs-db-2  ?       local  accords volumes --remove v2",
    ]
    (used,) = show.volumes([{**kept[0], "user": "archive"}])
    assert used.endswith("local  used by archive")
    assert show.volumes([]) == ["no volumes and no images are kept"]


def test_sizes_are_decimal() -> None:
    assert [show.size(n) for n in (7, 1000, 2 * 10**12)] == ["7 B", "1 kB", "2 TB"]
