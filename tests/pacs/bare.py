"""A service of one small node without packages: quick to deploy, with one of each thing a provider makes."""

from __future__ import annotations

from pathlib import Path

from tests.pacs.installation import OnThisMachine

BARE = """\
<?xml version="1.0" encoding="UTF-8"?>
<manifest name="bare" xmlns="http://www.compatibleone.fr/schemes/manifest.xsd">
  <node name="one">
    <infrastructure name="one">
      <compute name="one" cores="1" memory="256MiB"/>
      <network name="lan"><port name="echo" protocol="tcp" from="7" to="7" range="0.0.0.0/0"/></network>
      <storage name="one"><volume name="data" size="1G" mountpoint="/srv/data" retain="yes"/></storage>
    </infrastructure>
    <image name="one"><system name="linux"/></image>
  </node>
  <configuration name="bare">
    <action name="mark" type="cordscript" expression="one.system('echo done >> /srv/data/marks');"/>
  </configuration>
</manifest>
"""
THINGS = ["firewall", "machine", "network", "volume"]


def manifest(here: OnThisMachine) -> str:
    path = Path(here.home, "bare.xml")
    path.write_text(BARE)
    return str(path)


def things(here: OnThisMachine, service: str) -> list[str]:
    """The kinds of what the provider has for a service, by its name; twice what is there twice."""
    found = here.cloud.list({}, deadline=30)
    return sorted(each.kind.value for each in found if each.name.startswith(f"{service}-"))
