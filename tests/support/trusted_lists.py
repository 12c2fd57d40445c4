"""Trusted lists for tests: written as ETSI TS 119 612 has them, and signed by signxml.

`trusted_list(service(ca))` is a ready document with one provider; every argument has a
default, so that a test states only what it is about. `signed(document)` signs it with
XAdES as another program does it.
"""

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.xades.xades import XAdESSigner

from support.pki import CertificatePair, root_ca

TSL = "http://uri.etsi.org/02231/v2#"
QC_STATEMENTS = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt"
CA_QC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
TSA_QTST = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"
OCSP_QC = "http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP/QC"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
GRANTED, WITHDRAWN = f"{STATUS}granted", f"{STATUS}withdrawn"
FOR_SIGNATURES = f"{QC_STATEMENTS}/ForeSignatures"
FOR_SEALS = f"{QC_STATEMENTS}/ForeSeals"

SINCE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
ISSUED = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
NEXT_UPDATE = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class History:
    """A status that a service had before: from when, and which."""

    since: dt.datetime
    status: str = GRANTED
    extensions: str = ""


@cache
def list_signer() -> CertificatePair:
    """Return the operator of the scheme, who signs the list."""
    return root_ca("TEST scheme operator")


def additional(uri: str) -> str:
    """Write AdditionalServiceInformation."""
    return (
        '<Extension Critical="true"><AdditionalServiceInformation>'
        f'<URI xml:lang="en">{uri}</URI></AdditionalServiceInformation></Extension>'
    )


def qualification(*qualifiers: str, criteria: str = "", asserted: str = "all") -> str:
    """Write a Qualifications extension with one element."""
    named = "".join(f'<q:Qualifier uri="{QC_STATEMENTS}/{item}"/>' for item in qualifiers)
    return (
        '<Extension Critical="true"><q:Qualifications '
        'xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#">'
        f"<q:QualificationElement><q:Qualifiers>{named}</q:Qualifiers>"
        f'<q:CriteriaList assert="{asserted}">{criteria}</q:CriteriaList>'
        "</q:QualificationElement></q:Qualifications></Extension>"
    )


def key_usage(name: str = "nonRepudiation", *, value: bool = True) -> str:
    """Write a criterion about one bit of the key usage."""
    bit = f'<q:KeyUsageBit name="{name}">{str(value).lower()}</q:KeyUsageBit>'
    return f"<q:KeyUsage>{bit}</q:KeyUsage>"


def policy_set(*oids: str) -> str:
    """Write a criterion about certificate policies."""
    named = "".join(
        '<q:PolicyIdentifier><x:Identifier xmlns:x="http://uri.etsi.org/01903/v1.3.2#">'
        f"urn:oid:{oid}</x:Identifier></q:PolicyIdentifier>"
        for oid in oids
    )
    return f"<q:PolicySet>{named}</q:PolicySet>"


def service(
    *identities: CertificatePair,
    kind: str = CA_QC,
    status: str = GRANTED,
    since: dt.datetime = SINCE,
    history: Sequence[History] = (),
    extensions: str | None = None,
    name: str = "TEST service",
) -> str:
    """Write one service."""
    if extensions is None:
        extensions = additional(FOR_SIGNATURES) if kind == CA_QC else ""
    body = _information(identities, kind, status, since, extensions, name)
    past = "".join(
        "<ServiceHistoryInstance>"
        f"{_information(identities, kind, item.status, item.since, item.extensions, name)}"
        "</ServiceHistoryInstance>"
        for item in history
    )
    return (
        f"<TSPService><ServiceInformation>{body}</ServiceInformation>"
        f"{f'<ServiceHistory>{past}</ServiceHistory>' if past else ''}</TSPService>"
    )


def trusted_list(
    *services: str,
    sequence: int = 1,
    issued: dt.datetime = ISSUED,
    next_update: dt.datetime | None = NEXT_UPDATE,
    pointers: str = "",
) -> bytes:
    """Write an unsigned list with one provider."""
    update = "" if next_update is None else f"<dateTime>{_time(next_update)}</dateTime>"
    return (
        f'<TrustServiceStatusList xmlns="{TSL}" Id="list" '
        'TSLTag="http://uri.etsi.org/19612/TSLTag">'
        "<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier>"
        f"<TSLSequenceNumber>{sequence}</TSLSequenceNumber>"
        "<TSLType>http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric</TSLType>"
        '<SchemeOperatorName><Name xml:lang="en">TEST operator</Name></SchemeOperatorName>'
        '<SchemeName><Name xml:lang="en">EE: TEST list</Name></SchemeName>'
        f"<SchemeTerritory>EE</SchemeTerritory>{pointers}"
        f"<ListIssueDateTime>{_time(issued)}</ListIssueDateTime>"
        f"<NextUpdate>{update}</NextUpdate></SchemeInformation>"
        "<TrustServiceProviderList><TrustServiceProvider><TSPInformation>"
        '<TSPName><Name xml:lang="et">TESTi pakkuja</Name>'
        '<Name xml:lang="en">TEST provider</Name></TSPName></TSPInformation>'
        f"<TSPServices>{''.join(services)}</TSPServices></TrustServiceProvider>"
        "</TrustServiceProviderList></TrustServiceStatusList>"
    ).encode()


def signed(document: bytes, signer: CertificatePair | None = None, **options: Any) -> bytes:
    """Sign a list with XAdES; `options` go to signxml."""
    signer = signer or list_signer()
    chosen: dict[str, Any] = {
        "signature_algorithm": "ecdsa-sha384",
        "digest_algorithm": "sha256",
        "c14n_algorithm": CanonicalizationMethod.CANONICAL_XML_1_1,
        **options,
    }
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    root = XAdESSigner(**chosen).sign(etree.fromstring(document), key=key, cert=signer.pem.decode())
    return bytes(etree.tostring(root.getroottree()))


def _information(
    identities: Sequence[CertificatePair],
    kind: str,
    status: str,
    since: dt.datetime,
    extensions: str,
    name: str,
) -> str:
    named = "".join(
        "<DigitalId><X509Certificate>"
        f"{base64.b64encode(item.der).decode()}</X509Certificate></DigitalId>"
        for item in identities
    )
    extended = (
        f"<ServiceInformationExtensions>{extensions}</ServiceInformationExtensions>"
        if extensions
        else ""
    )
    return (
        f"<ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        f'<ServiceName><Name xml:lang="en">{name}</Name></ServiceName>'
        f"<ServiceDigitalIdentity>{named}</ServiceDigitalIdentity>"
        f"<ServiceStatus>{status}</ServiceStatus>"
        f"<StatusStartingTime>{_time(since)}</StatusStartingTime>{extended}"
    )


def _time(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
