"""What nobody is shown of a document: the names of attributes that hold a secret, wherever they stand (cords.md 1.3,
appendix A)."""

from __future__ import annotations

NAMES = frozenset({"password", "pass", "rootpass", "apikey", "apisec", "secretkey", "accesskey", "credentials"})
