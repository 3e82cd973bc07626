from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.local.sources import select

UBUNTU = """\
# written by the installer
Types: deb deb-src
URIs: http://mirror.example/ubuntu/
Suites: noble noble-updates
Components: main universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

Types: deb
URIs: http://vendor.example/
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://off.example/
Suites: noble
Components: main
"""


def test_the_one_line_form_is_taken_with_its_options() -> None:
    text = (
        "# mine\ndeb [arch=amd64 signed-by=/k.gpg] http://m.example/debian bookworm main # why\ndeb-src http://m x y\n"
    )
    assert select({"sources.list": text}, "bookworm") == (
        "deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian bookworm main\n"
    )


def test_stanzas_become_one_line_for_each_suite() -> None:
    key = "[signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]"
    assert select({"ubuntu.sources": UBUNTU}, "noble").splitlines() == [
        f"deb {key} http://mirror.example/ubuntu/ noble main universe",
        f"deb {key} http://mirror.example/ubuntu/ noble-updates main universe",
    ]


def test_other_releases_and_vendors_repositories_are_left_out() -> None:
    text = "deb http://a sid main\ndeb http://b bookworm-security main\ndeb http://c cloud-sdk-bookworm main\n"
    assert select({"a.list": text}, "bookworm") == "deb http://b bookworm-security main\n"


def test_a_key_within_the_file_is_left_out() -> None:
    text = "Types: deb\nURIs: http://m\nSuites: noble\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n abc\n"
    assert select({"m.sources": text}, "noble") == "deb http://m noble main\n"


@given(st.dictionaries(st.sampled_from(["a.list", "b.sources"]), st.text()))
def test_whatever_is_in_the_files_it_never_crashes(files: dict[str, str]) -> None:
    select(files, "bookworm")
