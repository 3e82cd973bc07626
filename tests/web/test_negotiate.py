"""Media types and versions, as the checklist's section 4 has them."""

from __future__ import annotations

import pytest

from broker.errors import Unacceptable, Unsupported
from broker.occi.media import Media
from broker.web import negotiate


@pytest.mark.occi("HTTP-06")
@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, Media.PLAIN),
        ("", Media.PLAIN),
        ("*/*", Media.PLAIN),
        ("text/*", Media.PLAIN),
        ("application/*", Media.JSON),
        ("text/plain,text/occi", Media.PLAIN),
        ("text/occi+plain", Media.PLAIN),
        ("application/json", Media.PLAIN_JSON),
        ("application/occi+json", Media.JSON),
        ("text/html, application/occi+json;q=0.9, text/plain;q=0.8", Media.JSON),
        ("text/plain;q=0, text/occi", Media.OCCI),
        ("text/plain; charset=utf-8", Media.PLAIN),
        ("TEXT/OCCI", Media.OCCI),
    ],
)
def test_http_06_what_is_asked_for_is_answered(accept: str | None, media: Media) -> None:
    assert negotiate.wanted(accept) is media


@pytest.mark.occi("HTTP-06")
@pytest.mark.parametrize("accept", ["text/html", "text/plain;q=0", "image/png, x/y", "text/plain;q=much"])
def test_http_06_nothing_acceptable_is_an_error(accept: str) -> None:
    with pytest.raises(Unacceptable):
        negotiate.wanted(accept)


@pytest.mark.occi("HTTP-05")
def test_http_05_the_first_known_type_of_a_list_counts() -> None:
    assert negotiate.sent("text/html, text/plain,text/occi", has_body=True) is Media.PLAIN


@pytest.mark.occi("HTTP-05")
def test_http_05_without_a_type_the_rendering_is_in_the_headers_unless_there_is_a_body() -> None:
    assert negotiate.sent(None, has_body=False) is Media.OCCI
    assert negotiate.sent(None, has_body=True) is Media.PLAIN


@pytest.mark.occi("HTTP-05")
def test_http_05_an_unknown_type_is_not_taken() -> None:
    with pytest.raises(Unsupported):
        negotiate.sent("text/html", has_body=True)


@pytest.mark.occi("HTTP-02")
@pytest.mark.parametrize("agent", [None, "", "curl/8", "x OCCI/1.2", "x OCCI/1.1", "fooOCCI/9.9", "x OCCI/9.9bar"])
def test_http_02_older_versions_and_what_is_none_are_welcome(agent: str | None) -> None:
    negotiate.check_version(agent)


@pytest.mark.occi("HTTP-02")
@pytest.mark.parametrize("agent", ["OCCI/1.3", "x/1 OCCI/2.0", "x (OCCI/1.10)", "OCCI/1.1 OCCI/1.3"])
def test_http_02_later_versions_are_not_implemented_and_compared_as_numbers(agent: str) -> None:
    with pytest.raises(negotiate.NotImplementedVersion):
        negotiate.check_version(agent)


@pytest.mark.occi("HTTP-03")
def test_http_03_clients_of_1_1_are_told_of_the_texts_only() -> None:
    assert "json" not in negotiate.takes("rOCCI OCCI/1.1")
    assert "json" in negotiate.takes("x OCCI/1.2")


def test_a_document_is_known_by_its_type_alone() -> None:
    assert negotiate.document("application/xml; charset=utf-8") == "application/xml"
    assert negotiate.document("text/plain") is None
