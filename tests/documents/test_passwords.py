"""A password goes in and never comes out: not from the files, not from an answer, not from the log."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from broker import auth, passwords
from broker.errors import InvalidDocument
from tests.documents.conftest import CORDS, Poster

SECRETS = ("correct horse battery", "hunter2xyz", "feder8ted", "s3cretkey")
DOCUMENTS = {
    "users": '<import name="a"><account name="ward"><user name="carol" password="correct horse battery"/></account>'
    "</import>",
    "unquoted": "<import name='a'><account name='ward'><user name='carol' password=hunter2xyz /></account></import>",
    "a provider's": '<import name="a"><os_config name="c" user="u" password="hunter2xyz"/>'
    '<ec2config name="e" accesskey="s3cretkey" secretkey="hunter2xyz"/></import>',
    "federation": '<federation name="f" user="u" password="feder8ted"/>',
    "in a manifest": '<manifest name="m"><node name="n"/><account name="x"><user name="u" password="hunter2xyz"/>'
    "</account></manifest>",
    "refused": '<import name="a"><acount name="ward"/><user name="carol" password="hunter2xyz"/></import>',
    "at the wrong place": '<manifest name="m" password="hunter2xyz"><node name="n" pasword="x"/></manifest>',
    "as an element": '<import name="a"><user name="carol"><password>hunter2xyz</password></user></import>',
    "twice": '<import name="a"><user name="carol" password="hunter2xyz" password="hunter2xyz"/></import>',
    "never closed": '<import name="a"><user name="carol" password="hunter2xyz>',
}


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "application/yaml", "text/plain"])
@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_password_is_in_no_answer_no_file_and_no_log(
    ann: Poster, case: str, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [ann.post(DOCUMENTS[case], accept=accept).text]
    for row, path in (
        ("account", "/user/"),
        ("publisher", "/federation/"),
        ("service", "/os_config/"),
        ("service", "/ec2config/"),
        ("manifest", "/manifest/"),
        ("manifest", "/import/"),
    ):
        listed = ann(row, "GET", path).json()
        said.append(str(listed))
        for each in listed.get("resources", ()):
            said += [ann(row, "GET", each["location"], accept=kind).text for kind in ("text/plain", "application/json")]
            said.append(ann(row, "GET", f"{each['location']}/document", accept=accept).text)
    kept = b"".join(file.read_bytes() for file in Path(ann.house.home).rglob("*") if file.is_file())
    for secret in SECRETS:
        assert not [text for text in said if secret in text]
        assert secret.encode() not in kept
        assert secret not in caplog.text


def test_a_provider_s_credentials_are_told_where_they_belong(ann: Poster) -> None:
    found = ann.stored(DOCUMENTS["a provider's"])["diagnostics"]
    said = [one for one in found if one["code"] == "credentials-withheld"]
    assert len(said) == 2
    assert "settings" in said[0]["hint"]


def test_the_user_of_a_document_is_let_in_with_the_password_of_the_document(ann: Poster) -> None:
    made = ann.stored(DOCUMENTS["users"])
    user = next(each["id"] for each in made["elements"] if each["kind"] == CORDS + "user")
    answer = login(ann, user, "correct horse battery")
    assert answer.status_code == 200
    token = answer.json()["attributes"]["org.accords.token"]
    assert auth.verify(ann.house.installation.key, token) == auth.Principal("carol", ann.account, auth.Role.USER)
    assert login(ann, user, "hunter2xyz").status_code == 403


def test_a_user_without_a_password_is_not_let_in(ann: Poster) -> None:
    made = ann.stored('<import name="a"><user name="carol"/></import>')
    for given in ("", "None", "null"):
        assert login(ann, made["elements"][0]["id"], given).status_code in (400, 403)


def test_another_password_makes_another_version_and_the_document_says_neither(ann: Poster) -> None:
    text = DOCUMENTS["users"]
    first, second = ann.stored(text), ann.stored(text.replace("correct horse battery", "hunter2xyz"))
    assert first["id"] != second["id"]
    assert ann.stored(text)["id"] == first["id"]


def test_more_passwords_than_can_be_hashed_at_once_are_refused(ann: Poster) -> None:
    users = "".join(f'<user name="u{number}" password="p"/>' for number in range(passwords.MOST + 1))
    answer = ann.post(f'<import name="a">{users}</import>')
    assert answer.status_code == InvalidDocument.status
    assert "split" in answer.json()["hint"]


def test_a_hash_fits_its_own_password_only() -> None:
    kept = passwords.sealed("correct horse")
    assert kept.startswith("scrypt$16384$8$5$")
    assert passwords.fits("correct horse", kept)
    assert not passwords.fits("correct horsf", kept)
    assert not passwords.fits(kept, kept)
    assert passwords.sealed(kept) == kept
    assert passwords.sealed("correct horse") != kept


@pytest.mark.parametrize("kept", ["", "None", "scrypt$1073741824$8$5$AAAA$AAAA", "scrypt$16384$8$5$$", "plain"])
def test_what_is_no_hash_of_ours_fits_nothing_and_costs_nothing(kept: str) -> None:
    assert not passwords.fits("plain", kept)


def login(ann: Poster, user: str, password: str) -> httpx.Response:
    action = "http://scheme.compatibleone.fr/scheme/compatible/user/action#login"
    body = f'{{"action": "{action}", "attributes": {{"password": "{password}"}}}}'
    return ann("account", "POST", f"/user/{user}?action=login", body=body, media="application/json")
