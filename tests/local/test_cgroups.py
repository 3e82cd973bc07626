from __future__ import annotations

from pathlib import Path

import pytest

from providers.local.cgroups import Layout, limits, remove

LIMITS = {
    Layout.V1: {
        "lxc.cgroup.memory.limit_in_bytes": "536870912",
        "lxc.cgroup.cpu.cfs_period_us": "100000",
        "lxc.cgroup.cpu.cfs_quota_us": "200000",
        "lxc.cgroup.pids.max": "4096",
    },
    Layout.V2: {
        "lxc.cgroup2.memory.max": "536870912",
        "lxc.cgroup2.cpu.max": "200000 100000",
        "lxc.cgroup2.pids.max": "4096",
    },
}


@pytest.mark.parametrize(
    ("layout", "form"), [(Layout.V1, Layout.V1), (Layout.HYBRID, Layout.V1), (Layout.V2, Layout.V2)]
)
def test_limits_are_said_in_the_layouts_own_words(layout: Layout, form: Layout) -> None:
    assert dict(limits(layout, 2, 512 * 1024**2)) == LIMITS[form]


def test_what_a_container_left_in_any_hierarchy_is_removed_and_no_other(tmp_path: Path) -> None:
    for name in (
        "memory/lxc.monitor.a",
        "unified/lxc.payload.a/inner",
        "lxc.monitor.a",
        "lxc.monitor.a-1",
        "x/y/lxc.monitor.a",
        "memory/lxc.monitor.b",
    ):
        (tmp_path / name).mkdir(parents=True)
    assert remove("a", tmp_path)
    assert [path.name for path in tmp_path.rglob("lxc.*")] == ["lxc.monitor.b"]
