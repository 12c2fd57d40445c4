"""Findings of pkilint's linters on a certificate, of severity WARNING or above."""

from typing import Any

from pkilint import etsi, finding_filter, loader
from pkilint.bin.lint_pkix_signer_signee_cert_chain import (
    create_decoder_validation_container,
    create_issuer_validation_container,
    create_subject_validation_container,
)
from pkilint.etsi.etsi_constants import CertificateType
from pkilint.pkix import certificate, extension, name
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
