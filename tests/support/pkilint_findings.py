"""Findings of pkilint on certificates and their status, of severity WARNING or above."""

from typing import Any

from pkilint import etsi, finding_filter, loader, pkix
from pkilint.bin.lint_pkix_signer_signee_cert_chain import (
    create_decoder_validation_container,
    create_issuer_validation_container,
    create_subject_validation_container,
)
from pkilint.etsi.etsi_constants import CertificateType
from pkilint.pkix import certificate, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingSeverity


def pkix_findings(certificate_der: bytes) -> set[str]:
    """Codes of what breaks RFC 5280."""
    validator = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    return _codes(validator.validate(_document(certificate_der).root))


def etsi_findings(certificate_der: bytes, kind: CertificateType) -> set[str]:
    """Codes of what breaks the ETSI EN 319 412 series for a kind of certificate."""
    validator = certificate.create_pkix_certificate_validator_container(
        etsi.create_decoding_validators(kind), etsi.create_validators(kind)
    )
    results = validator.validate(_document(certificate_der).root)
    results, _ = finding_filter.filter_results(etsi.create_etsi_finding_filters(kind), results)
    return _codes(results)


def chain_findings(issuer_der: bytes, certificate_der: bytes) -> set[str]:
    """Codes of what does not fit between an issuer and what it issued."""
    documents: dict[str, Any] = {}
    issuer = _document(issuer_der, "issuer", documents)
    subject = _document(certificate_der, "subject", documents)
    documents |= {"issuer": issuer, "subject": subject}
    decoder = create_decoder_validation_container()
    results = decoder.validate(issuer.root) + decoder.validate(subject.root)
    results += create_issuer_validation_container().validate(issuer.root)
    results += create_subject_validation_container().validate(subject.root)
    return _codes(results)


def ocsp_findings(answer_der: bytes) -> set[str]:
    """Codes of what breaks RFC 6960 in an OCSP answer."""
    validator = ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )
    read = loader.RFC6960OCSPResponseDocumentLoader()
    return _codes(validator.validate(read.load_der_document(answer_der, "answer").root))


def crl_findings(crl_der: bytes) -> set[str]:
    """Codes of what breaks RFC 5280 in a revocation list."""
    validator = crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )
    read = loader.RFC5280CertificateListDocumentLoader()
    return _codes(validator.validate(read.load_der_document(crl_der, "list").root))


def _document(
    certificate_der: bytes, label: str = "certificate", documents: dict[str, Any] | None = None
) -> Any:
    read = loader.RFC5280CertificateDocumentLoader()
    return read.load_der_document(certificate_der, label, label, documents)


def _codes(results: Any) -> set[str]:
    return {
        found.finding.code
        for result in results
        for found in result.finding_descriptions
        if found.finding.severity <= ValidationFindingSeverity.WARNING
    }
