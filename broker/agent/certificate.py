"""The door's key and certificate: made at the first start, kept for good, because nodes pin the certificate itself.

EC P-256, self-signed, one file (`<home>/door.pem`, 0600) with both: they are there together or not at all.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from broker import once
from broker.settings import Settings

FILE = "door.pem"
_BEGIN = "-----BEGIN CERTIFICATE-----"


def path(settings: Settings) -> Path:
    """The file with key and certificate, made if it is not there yet."""
    found = settings.home / FILE
    found.parent.mkdir(parents=True, exist_ok=True)
    once.make(found, _made)
    return found


def pinned(settings: Settings) -> str:
    """The certificate alone, PEM: what nodes are given to trust."""
    text = path(settings).read_text(encoding="ascii")
    return text[text.index(_BEGIN) :]


def _made() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accords agents' door")])
    # It never expires by itself, and a node's clock may say 1970: the pin decides, not the date (RFC 5280 4.1.2.5).
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, *plain) + certificate.public_bytes(pem)
