"""The documents of these tests."""

from __future__ import annotations

SITE = """<manifest name="site">
  <input name="memory" type="size" default="1G" allowed="1G, 2G"/>
  <input name="greeting"/>
  <input name="password" secret="yes" description="of the administrator"/>
  <node name="web">
    <infrastructure><compute memory="${input.memory}"/><network name="lan"/></infrastructure>
    <image>
      <system name="linux"/>
      <package name="nginx"><configuration>echo '${input.greeting}' > /srv/page</configuration></package>
    </image>
  </node>
  <configuration>
    <action expression="web.configure(input.password, input.greeting);"/>
  </configuration>
  <output name="page" value="web.address"/>
  <output name="memory" value="input.memory"/>
</manifest>"""
"""One of each: a size of two, a text that must be given, a secret; told to a node, and said at the end."""

SECRET = "correct-horse-battery-staple-7731"
