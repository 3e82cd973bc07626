"""The manifest row gives the schemas of documents to editors, which have no token to send."""

from __future__ import annotations

import orjson
import pytest
from lxml import etree

from manifests.schemas import PUBLISHED
from tests.http.brokers import InProcess


def test_every_schema_is_listed(broker: InProcess) -> None:
    answer = broker("manifest", "GET", "/schemas", {})
    assert {each["name"] for each in orjson.loads(answer.content)["schemas"]} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_has_its_media_type_and_is_sent_once(broker: InProcess, name: str) -> None:
    answer = broker("manifest", "GET", f"/schemas/{name}", {})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == PUBLISHED[name].media_type
    if name.endswith(".xsd"):
        assert etree.XMLSchema(etree.fromstring(answer.content))
    again = {"If-None-Match": answer.headers["ETag"]}
    unchanged = broker("manifest", "GET", f"/schemas/{name}", again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_schema_that_there_is_not_names_those_that_there_are(broker: InProcess) -> None:
    answer = broker("manifest", "GET", "/schemas/cords.xds", {})
    assert answer.status_code == 404
    assert "cords.xsd" in answer.text
