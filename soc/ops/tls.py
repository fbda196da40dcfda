"""A local certificate authority and a certificate for this machine, for `make run TLS=1`.

Browsers give the microphone, WebCodecs and WebAuthn to secure contexts only. A control room on a closed
network has no public name, so the first run makes an authority that its browsers can be told to trust.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from soc.ops.paths import private_dir

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse more
RENEW_DAYS = 30


@dataclass(frozen=True)
class Files:
    """PEM files: the authority's certificate to trust, the server's certificate and its key."""

    authority: Path
    certificate: Path
    key: Path


def ensure(var: Path, host: str, *more: str) -> Files:
    """Certificate files in VAR/tls for `host`, its addresses and `more` names; made anew when these change or time
    runs out."""
    folder = private_dir(var / "tls")
    files = Files(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority_key = folder / "authority.key"
    if not files.authority.exists() or not authority_key.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Nightdesk on {socket.gethostname()}"[:64])])
        built = _builder(name, name, key.public_key(), AUTHORITY_DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        built = built.add_extension(_usage(signs_certificates=True), critical=True)
        _write(files.authority, built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        _write(authority_key, _private(key))
        files.certificate.unlink(missing_ok=True)
    names = subject_names(host, *more)
    if not _still_good(files.certificate, names):
        _issue(files, authority_key, host, names)
    return files


def subject_names(host: str, *more: str) -> list[x509.GeneralName]:
    """`host`, the addresses it stands for, `more` names, and loopback."""
    found = {host, *more, "localhost", "127.0.0.1", "::1"}
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - named, not bound
        found = (found - {host}) | {socket.gethostname()}
    for name in list(found):
        try:
            found |= {str(info[4][0]).split("%")[0] for info in socket.getaddrinfo(name, None)}
        except socket.gaierror:
            continue  # a name that only the clients can resolve
    return [_general(name) for name in sorted(found)]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _still_good(path: Path, names: list[x509.GeneralName]) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    limit = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=RENEW_DAYS)
    return set(names) <= set(known) and certificate.not_valid_after_utc > limit


def _issue(files: Files, authority_key: Path, host: str, names: list[x509.GeneralName]) -> None:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    signer = load_pem_private_key(authority_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    built = _builder(subject, authority.subject, key.public_key(), SERVER_DAYS)
    built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage(signs_certificates=False), critical=True)
    built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    built = built.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    _write(files.key, _private(key))
    _write(files.certificate, built.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    built = built.serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - datetime.timedelta(hours=1))
    built = built.not_valid_after(now + datetime.timedelta(days=days))
    return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.rename(path)
