"""Every real document is stored or explained, decorated either way; and what is stored comes back readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests import read
from tests.documents.conftest import Poster

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FOLDERS = ("manifests", "agreements", "imports", "generated")
DOCUMENTS = sorted(path for folder in FOLDERS for path in (CORPUS / folder).glob("*.xml"))


@pytest.mark.skipif(not DOCUMENTS, reason=f"the real documents are not at {CORPUS}")
def test_every_real_document_is_stored_or_explained(ann: Poster) -> None:
    unexplained = []
    for path in DOCUMENTS:
        answer = ann.post(path.read_bytes().decode("utf-8", "replace"), accept="application/xml")
        if answer.status_code not in (201, 422) or (answer.status_code == 422 and "<error" not in answer.text):
            unexplained.append(f"{path.name}: {answer.status_code} {answer.text[:200]}")
        if answer.status_code == 201 and read(answer.content).document is None:
            unexplained.append(f"{path.name}: {read(answer.content).diagnostics}")
    assert not unexplained, "\n".join(unexplained)
