"""CMS signatures, time-stamps and OCSP messages."""

from __future__ import annotations

from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp as asn1_tsp

from idservice.cms.parsing import parse_signed_data
from idservice.cms.time_stamp_info import ID_CT_TST_INFO
from idservice.cms.time_stamp_request import parse_request as parse_time_stamp_request
from idservice.cms.time_stamp_token import read_token
from idservice.crypto.ber import definite
from idservice.errors import Finding, IdServiceError, MalformedDer
from idservice.inspection.certificates import certificate, extensions, name, revocation_list
from idservice.inspection.plain import (
    LIBRARY_FAULTS,
    guarded,
    load,
    moment,
    octets,
    oid_text,
    plain,
)
from idservice.pki.ocsp_answer import read_answer

Content = dict[str, Any]
Explained = tuple[Content, tuple[Finding, ...]]

SIGNED_DATA = "1.2.840.113549.1.7.2"
_TOKENS = frozenset({"1.2.840.113549.1.9.16.2.14", "1.2.840.113549.1.9.16.2.20", "0.4.0.1733.2.4"})
"""Attributes whose values are time-stamp tokens."""

_MAX_NESTING = 3


def signed_data(der: bytes, depth: int = 0) -> Explained:
    """Explain a CMS SignedData (RFC 5652 cl. 5). Raises MalformedDer."""
    info = load(asn1_cms.ContentInfo, der)
    value = info["content"]
    if info["content_type"].dotted != SIGNED_DATA:
        return {"contentType": oid_text(info["content_type"].dotted), "content": plain(value)}, ()
    inner = value["encap_content_info"]
    content_type = inner["content_type"].dotted
    content = inner["content"].native
    found: Content = {
        "version": plain(value["version"]),
        "contentType": oid_text(content_type),
        "detached": content is None,
        "digestAlgorithms": plain(value["digest_algorithms"]),
        "signers": [_signer(item, depth) for item in value["signer_infos"]],
        "certificates": [_certificate(item) for item in value["certificates"] or ()],
        "revocation": [_revocation(item) for item in value["crls"] or ()],
    }
    if content_type == ID_CT_TST_INFO:
        found["timeStamp"] = _time_stamp_info(inner["content"].parsed)
        return found, _faults(lambda: read_token(definite(der)[0]).findings)
    if content is not None:
        found["content"] = plain(inner["content"])
    return found, _faults(lambda: _nothing(parse_signed_data(definite(der)[0])))


def is_time_stamp_token(content: Content) -> bool:
    """Whether an explained CMS is a time-stamp token (RFC 3161 cl. 2.4.2)."""
    return "timeStamp" in content


def time_stamp_request(der: bytes) -> Explained:
    """Explain a TimeStampReq (RFC 3161 cl. 2.4.1). Raises MalformedDer."""
    value = load(asn1_tsp.TimeStampReq, der)
    return {
        "version": plain(value["version"]),
        "messageImprint": plain(value["message_imprint"]),
        "policy": plain(value["req_policy"]),
        "nonce": plain(value["nonce"]),
        "certReq": plain(value["cert_req"]),
        "extensions": plain(value["extensions"]),
    }, _faults(lambda: _nothing(parse_time_stamp_request(der)))


def time_stamp_response(der: bytes) -> Explained:
    """Explain a TimeStampResp (RFC 3161 cl. 2.4.2). Raises MalformedDer."""
    value = load(asn1_tsp.TimeStampResp, der)
    found: Content = {"status": plain(value["status"])}
    token = value["time_stamp_token"]
    if token.native is None:
        return found, ()
    found["token"], faults = signed_data(token.dump())
    return found, faults


def ocsp_request(der: bytes) -> Explained:
    """Explain an OCSPRequest (RFC 6960 cl. 4.1). Raises MalformedDer."""
    tbs = load(asn1_ocsp.OCSPRequest, der)["tbs_request"]
    return {
        "version": plain(tbs["version"]),
        "requestorName": plain(tbs["requestor_name"]),
        "requests": [
            {
                "certId": plain(item["req_cert"]),
                "extensions": plain(item["single_request_extensions"]),
            }
            for item in tbs["request_list"]
        ],
        "extensions": plain(tbs["request_extensions"]),
    }, ()


def ocsp_response(der: bytes) -> Explained:
    """Explain an OCSPResponse (RFC 6960 cl. 4.2). Raises MalformedDer."""
    value = load(asn1_ocsp.OCSPResponse, der)
    found: Content = {"status": plain(value["response_status"])}
    inner = value["response_bytes"]
    if inner.native is None:
        return found, ()
    found["type"] = oid_text(inner["response_type"].dotted)
    basic = inner["response"].parsed
    data = basic["tbs_response_data"]
    found |= {
        "responder": plain(data["responder_id"]),
        "producedAt": moment(data["produced_at"].native),
        "responses": [_single(item) for item in data["responses"]],
        "extensions": plain(data["response_extensions"]),
        "signatureAlgorithm": plain(basic["signature_algorithm"]),
        "certificates": [certificate(item.dump())[0] for item in basic["certs"] or ()],
    }
    return found, _faults(lambda: _nothing(read_answer(der)))


def _single(item: Any) -> Content:
    next_update = item["next_update"].native
    return {
        "certId": plain(item["cert_id"]),
        "certStatus": item["cert_status"].name,
        "revocation": plain(item["cert_status"]) if item["cert_status"].name == "revoked" else None,
        "thisUpdate": moment(item["this_update"].native),
        "nextUpdate": None if next_update is None else moment(next_update),
        "extensions": plain(item["single_extensions"]),
    }


def _signer(item: Any, depth: int) -> Content:
    identifier = item["sid"]
    if identifier.name == "issuer_and_serial_number":
        who: Any = {
            "issuer": name(identifier.chosen["issuer"]),
            "serialNumber": hex(identifier.chosen["serial_number"].native),
        }
    else:
        who = {"subjectKeyIdentifier": plain(identifier.chosen)}
    return {
        "version": plain(item["version"]),
        "identifier": who,
        "digestAlgorithm": plain(item["digest_algorithm"]),
        "signedAttributes": [_attribute(one, depth) for one in item["signed_attrs"] or ()],
        "signatureAlgorithm": plain(item["signature_algorithm"]),
        "signature": plain(item["signature"]),
        "unsignedAttributes": [_attribute(one, depth) for one in item["unsigned_attrs"] or ()],
    }


def _attribute(item: Any, depth: int) -> Content:
    oid = item["type"].dotted
    values: list[Any] = []
    for value in item["values"]:
        if oid in _TOKENS and depth < _MAX_NESTING:
            try:
                values.append(signed_data(value.dump(), depth + 1)[0])
                continue
            except MalformedDer:
                pass
        try:
            values.append(plain(value))
        except LIBRARY_FAULTS:
            values.append(octets(value.dump()))
    return {"type": oid_text(oid), "values": values}


def _certificate(choice: Any) -> Any:
    if choice.name != "certificate":
        return {"kind": choice.name, "value": octets(choice.chosen.dump())}
    try:
        return guarded(certificate, choice.chosen.dump())[0]
    except MalformedDer as exc:
        return {"fault": exc.detail}


def _revocation(choice: Any) -> Any:
    if choice.name != "certificate_list":
        return plain(choice.chosen)
    try:
        return guarded(revocation_list, choice.chosen.dump())[0]
    except MalformedDer as exc:
        return {"fault": exc.detail}


def _time_stamp_info(value: Any) -> Content:
    return {
        "version": plain(value["version"]),
        "policy": plain(value["policy"]),
        "messageImprint": plain(value["message_imprint"]),
        "serialNumber": hex(value["serial_number"].native),
        "genTime": moment(value["gen_time"].native),
        "accuracy": plain(value["accuracy"]),
        "ordering": plain(value["ordering"]),
        "nonce": plain(value["nonce"]),
        "tsa": plain(value["tsa"]),
        "extensions": extensions(value["extensions"]),
    }


def _nothing(_: object) -> tuple[Finding, ...]:
    return ()


def _faults(read: Any) -> tuple[Finding, ...]:
    """What our strict readers say against it."""
    try:
        found: tuple[Finding, ...] = read()
    except IdServiceError as exc:
        return (Finding(exc.code, exc.detail, exc.fix),)
    return found
