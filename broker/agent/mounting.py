"""What a node is told so that a block device becomes its volume: a script for `sh -e` that can be told again any time.

A file system is made only where there is nothing at all: `wipefs` sees every signature that libblkid knows, of file
systems, partition tables, RAID, LVM, encryption, also those whose checksum is wrong. It is made under the label `NEW`,
which it loses before it is mounted for the first time: one that still has it was never used, its making was cut off,
and it is made again. What has a file system is mounted as it is; anything else is left alone, and said.

What tells the volume from others is the provider's name for it, at the first time; after that the UUID of its file
system, in `/etc/fstab`: so it is there again when the node boots, before what uses it, and the boot goes on where it is
not. Nothing here is the agent's: what was mounted stays so, whatever becomes of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

NEW = "accords-new"
OPTIONS = "nofail,x-systemd.before=local-fs.target,x-systemd.device-timeout=30,x-accords"
"""In /etc/fstab: services wait for it, at most half a minute; `x-` words are not the kernel's (mount(8))."""

# blkid -p looks at the device, not at what was known of it; it says nothing where it finds more than one thing.
_SCRIPT = """\
at={at}
fail() {{ echo "$device cannot be mounted at $at: $*"; exit 1; }}
seek() {{
for name in {names}; do if [ -b "/dev/$name" ]; then device=$(readlink -f "/dev/$name"); return; fi; done
return 1
}}
says() {{ blkid -p -s "$1" -o value "$device" || :; }}
until seek; do
[ "$waits" ] || echo "waiting for the device of $at, which is none of these in /dev yet:" {names}
waits=yes
sleep 0.5
done
for tool in wipefs blkid mkfs.ext4 e2label findmnt; do
command -v $tool >/dev/null || fail "this system has no $tool"
done
found=$(wipefs "$device") || fail "it cannot be read"
if [ -z "$found" ] || [ "$(says LABEL)" = {new} ]; then
echo "$device is empty: it gets a file system"
mkfs.ext4 -q -F -L {new} "$device" || fail "no file system can be made"
e2label "$device" ""
fi
[ "$(says USAGE)" = filesystem ] || fail "it has no file system and is not empty. It is left as it is: $found"
if ! findmnt -rn -S "$device" -M "$at" >/dev/null; then
held=$(findmnt -rno SOURCE -M "$at") && fail "$held is mounted there"
mkdir -p "$at"
mount "$device" "$at" || fail "mount refuses"
fi
rmdir "$at/lost+found" 2>/dev/null || :
touch /etc/fstab
{{ grep -vF " $at auto {options} " /etc/fstab || :; echo "UUID=$(says UUID) $at auto {options} 0 2"; }} >/etc/fstab.new
mv /etc/fstab.new /etc/fstab
systemctl daemon-reload 2>/dev/null || :
echo "$device is mounted at $at"
"""


def script(names: Sequence[str], mountpoint: str) -> str:
    """`names` are the device's, below /dev, the likeliest first (`providers.devices`)."""
    quoted = " ".join(map(shlex.quote, names))
    return _SCRIPT.format(at=shlex.quote(mountpoint), names=quoted, new=NEW, options=OPTIONS)
