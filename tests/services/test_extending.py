"""Raising the level of files that are signed already: ours and others', one or many signatures."""

import contextlib
import dataclasses
import datetime as dt
import io
import mmap
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.errors import (
    CertificateExpired,
    CertificateNotTrusted,
    HostNotAllowed,
    IdServiceError,
    NothingToExtend,
    OutputExists,
    PdfPasswordWrong,
    SignatureInvalid,
)
from idservice.pades.baseline import Baseline
from idservice.pades.dss import read_store, vri_key
from idservice.pades.facts import read_facts
from idservice.pades.material import contents_by_owner
from idservice.pdf.document import open_document
from idservice.services.assembly import Services, open_services
from idservice.services.extending import ExtensionOrder
from idservice.services.level_sources import LevelChoice
from support import oracles, pdfs, pyhanko_levels
from support.foreign_authority import ForeignAuthority, foreign_authority
from support.homes import settings_of
from support.level_bench import LevelBench
from support.signing import signed as signed_by_stranger

LEVELS = tuple(Baseline)


def _time_stamps(data: bytes) -> int:
    return len(read_facts(data).time_stamps)


@pytest.fixture(scope="module")
def made(level_bench: LevelBench) -> dict[Baseline, bytes]:
    """One file of ours at each level."""
    return {level: level_bench.signed(pdfs.baseline(), level) for level in LEVELS}


@pytest.mark.parametrize("to", LEVELS[1:], ids=lambda level: level.value)
@pytest.mark.parametrize("start", LEVELS, ids=lambda level: level.value)
def test_every_level_is_raised_to_every_other(
    start: Baseline, to: Baseline, made: dict[Baseline, bytes], level_bench: LevelBench
) -> None:
    """The input is a prefix; nothing is added to what has the level, but an archive renews."""
    data = level_bench.extended(made[start], to)
    assert data.startswith(made[start])
    assert (data == made[start]) is (start.includes(to) and to is not Baseline.B_LTA)
    proof = int(start is Baseline.B_B)
    archived = int(start is Baseline.B_LTA) + int(to is Baseline.B_LTA)
    assert _time_stamps(data) == proof + archived
    [signature] = read_facts(data).signatures
    assert signature.integrity.value == "intact"
    again = level_bench.extended(data, to)
    assert (again == data) is (to is not Baseline.B_LTA)


def test_a_renewal_adds_proofs_about_the_last_time_stamp(
    made: dict[Baseline, bytes], level_bench: LevelBench
) -> None:
    """The new document time-stamp covers fresh evidence, filed under the time-stamp before it."""
    before = read_store(open_document(made[Baseline.B_LTA]))
    renewed = open_document(level_bench.extended(made[Baseline.B_LTA], Baseline.B_LTA))
    after = read_store(renewed)
    contents = contents_by_owner(renewed)
    assert set(after.vri) - set(before.vri) == {vri_key(contents["Timestamp1"])}
    assert set(before.ocsps) < set(after.ocsps)
    assert after.vri[vri_key(contents["Timestamp1"])].ocsps


def test_all_signatures_of_a_file_are_raised(level_bench: LevelBench) -> None:
    """One document time-stamp proves all signatures; each has its own entry in the store."""
    data = pdfs.baseline()
    for level in (Baseline.B_B, Baseline.B_T, Baseline.B_B):
        data = level_bench.signed(data, level)
    raised = level_bench.extended(data, Baseline.B_LTA)
    assert raised.startswith(data)
    document = open_document(raised)
    contents = contents_by_owner(document)
    owners = {"Signature1", "Signature2", "Signature3", "Timestamp1"}
    assert {vri_key(contents[owner]) for owner in owners} == set(read_store(document).vri)
    assert _time_stamps(raised) == 2
    reader = pyhanko_levels.open_reader(raised)
    for index in range(3):
        assert pyhanko_levels.basic(reader, level_bench.root_der, index) is AdESPassed.OK


@pytest.mark.parametrize("name", ["password-aes-256", "hybrid", "xref-stream", "linearised"])
def test_other_structures_are_extended(name: str, level_bench: LevelBench, tmp_path: Path) -> None:
    """Encrypted, hybrid, linearised files and those with xref streams are renewed as well."""
    case = pdfs.build(name)
    data = level_bench.signed(case.data, Baseline.B_B, password=case.password)
    for level in (Baseline.B_T, Baseline.B_LT, Baseline.B_LTA, Baseline.B_LTA):
        data = level_bench.extended(data, level, password=case.password)
    assert oracles.pdfsig(data, tmp_path, password=case.password)[0].valid
    before = oracles.qpdf_complaints(case.data, tmp_path, password=case.password)
    assert oracles.qpdf_complaints(data, tmp_path, password=case.password) <= before


def _pyhanko_signer(person: ForeignAuthority) -> signers.SimpleSigner:
    key = person.person.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1_x509.Certificate.load(person.issuing.der))
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(person.person.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def _signed_by_pyhanko(authority: ForeignAuthority, certified: MDPPerm | None = None) -> bytes:
    metadata = signers.PdfSignatureMetadata(
        field_name="Theirs",
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=certified is not None,
        docmdp_permissions=certified or MDPPerm.FILL_FORMS,
    )
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdfs.baseline()))
    signers.sign_pdf(writer, metadata, signer=_pyhanko_signer(authority), output=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def foreign(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ForeignAuthority, Services]]:
    """Give an authority of somebody else, and services that may ask it."""
    home = tmp_path_factory.mktemp("foreign") / "home"
    shutil.copytree(home_template, home)
    services = open_services(settings_of(home, IDSERVICE_SIGNING__ALLOWED_HOSTS="127.0.0.1"))
    with foreign_authority() as authority:
        yield authority, services
    services.close()


@pytest.mark.parametrize("level", LEVELS[1:], ids=lambda level: level.value)
def test_a_signature_by_another_program_is_raised(
    level: Baseline, foreign: tuple[ForeignAuthority, Services]
) -> None:
    """PyHanko's signature under a foreign authority gets our time-stamps and its evidence."""
    authority, services = foreign
    data = _signed_by_pyhanko(authority)
    bench = LevelBench(services, LevelChoice(trusted=(authority.root.certificate,)))
    raised = bench.extended(data, level)
    assert raised.startswith(data)
    reader = pyhanko_levels.open_reader(raised)
    if level is not Baseline.B_T:
        assert pyhanko_levels.basic(reader, authority.root.der) is AdESPassed.OK


def test_a_certified_document_is_raised(foreign: tuple[ForeignAuthority, Services]) -> None:
    """A certification that permits nothing still permits what makes it last."""
    authority, services = foreign
    data = _signed_by_pyhanko(authority, MDPPerm.NO_CHANGES)
    bench = LevelBench(services, LevelChoice(trusted=(authority.root.certificate,)))
    raised = bench.extended(data, Baseline.B_LTA)
    assert pyhanko_levels.basic(pyhanko_levels.open_reader(raised), authority.root.der) is (
        AdESPassed.OK
    )


def test_an_expired_signer_cannot_be_raised(level_bench: LevelBench) -> None:
    """A time-stamp after the certificate expired would prove nothing, so none is made."""
    with foreign_authority(
        not_before=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        not_after=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    ) as authority:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdfs.baseline()))
        out = io.BytesIO()
        metadata = signers.PdfSignatureMetadata(
            field_name="Theirs", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
        )
        signers.sign_pdf(writer, metadata, signer=_pyhanko_signer(authority), output=out)
        choice = LevelChoice(trusted=(authority.root.certificate,))
        with pytest.raises(CertificateExpired):
            LevelBench(level_bench.services, choice).extended(out.getvalue(), Baseline.B_T)


@contextlib.contextmanager
def _in_days(home: Path, days: int) -> Iterator[LevelBench]:
    """Open a home when so many days have passed."""
    moved = dt.timedelta(days=days)
    services = open_services(settings_of(home), clock=lambda: dt.datetime.now(dt.UTC) + moved)
    yield LevelBench(services)
    services.close()


def test_an_archive_is_renewed_in_time_or_never(home: Path) -> None:
    """While the newest time-stamp's certificate is valid it is renewed; later it is refused."""
    with _in_days(home, 0) as bench:
        archived = bench.signed(pdfs.baseline(), Baseline.B_LTA)
        unarchived = bench.signed(pdfs.baseline(), Baseline.B_LT)
    with _in_days(home, 1200) as bench:
        # The certificate of the signature time-stamp has expired, and that of the signer not yet.
        assert _time_stamps(bench.extended(unarchived, Baseline.B_LTA)) == 2
    with _in_days(home, 4015) as bench:
        renewed = bench.extended(archived, Baseline.B_LTA)
        assert _time_stamps(renewed) == 2
        with pytest.raises(CertificateExpired):
            bench.extended(unarchived, Baseline.B_LTA)
    with _in_days(home, 4700) as bench:
        assert _time_stamps(bench.extended(renewed, Baseline.B_LTA)) == 3
        with pytest.raises(CertificateExpired):
            bench.extended(archived, Baseline.B_LTA)


def test_a_renewed_certificate_of_the_archive_unit_is_proved_too(home: Path) -> None:
    """Proofs about the certificate that made the time-stamp are in front of it, also a new one."""
    with _in_days(home, 1) as bench:
        data = bench.signed(pdfs.baseline(), Baseline.B_LTA)
        bench.services.service_certificates.renew(every=True)
        newer = bench.signed(pdfs.baseline(), Baseline.B_LTA)
    certificates = [read_facts(item).time_stamps[0].certificate_der for item in (data, newer)]
    assert certificates[0] != certificates[1]
    store = read_store(open_document(newer))
    assert certificates[1] in store.certs
    assert certificates[0] not in store.certs


def _refused(name: str, made: dict[Baseline, bytes]) -> tuple[bytes, type[IdServiceError]]:
    if name == "no signature":
        return pdfs.baseline(), NothingToExtend
    if name == "signer not trusted":
        return signed_by_stranger(pdfs.baseline()), CertificateNotTrusted
    broken = bytearray(made[Baseline.B_T])
    broken[broken.index(b"stream") + 10] ^= 1
    return bytes(broken), SignatureInvalid


@pytest.mark.parametrize("name", ["no signature", "signer not trusted", "changed after signing"])
def test_what_cannot_be_raised_is_refused(
    name: str, made: dict[Baseline, bytes], level_bench: LevelBench
) -> None:
    """Nothing is made of a file whose signature is missing, broken or a stranger's."""
    data, error = _refused(name, made)
    with pytest.raises(error):
        level_bench.extended(data, Baseline.B_LT)


def test_a_foreign_responder_must_be_allowed(level_bench: LevelBench) -> None:
    """The address in a foreign certificate is not followed unless its host is configured."""
    with foreign_authority() as authority:
        data = _signed_by_pyhanko(authority)
        choice = LevelChoice(trusted=(authority.root.certificate,))
        with pytest.raises(HostNotAllowed):
            LevelBench(level_bench.services, choice).extended(data, Baseline.B_LT)
        named = dataclasses.replace(choice, ocsp_urls=(authority.url,))
        LevelBench(level_bench.services, named).extended(data, Baseline.B_LT)


def test_a_large_document_is_extended_from_a_map(level_bench: LevelBench, tmp_path: Path) -> None:
    """What is appended to a mapped file is the same kind of update, and fits behind it."""
    data = level_bench.signed(pdfs.build("multi-megabyte").data, Baseline.B_B)
    path = tmp_path / "large.pdf"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        facts = read_facts(data)
        update = level_bench.levels.extend(mapped, facts, Baseline.B_LTA)
    assert _time_stamps(data + update) == 2


def test_files_appear_whole_or_not_at_all(
    level_bench: LevelBench, made: dict[Baseline, bytes], tmp_path: Path
) -> None:
    """The output is new, an existing one stays, and the source is never touched."""
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(made[Baseline.B_B])
    extending = level_bench.services.extending(LevelChoice(Baseline.B_LT))
    done = extending.extend(ExtensionOrder(source, target))
    assert done.changed
    assert done.size == len(target.read_bytes())
    with pytest.raises(OutputExists):
        extending.extend(ExtensionOrder(source, target))
    with pytest.raises(OutputExists):
        extending.extend(ExtensionOrder(source, source, replace=True))
    assert source.read_bytes() == made[Baseline.B_B]
    [entry] = level_bench.services.audit.entries(action="document.extended", limit=1)
    assert entry.details["level"] == "B-LT"
    same = extending.extend(ExtensionOrder(target, tmp_path / "c.pdf"))
    assert not same.changed
    assert (tmp_path / "c.pdf").read_bytes() == target.read_bytes()


def test_an_encrypted_file_needs_its_password(level_bench: LevelBench, tmp_path: Path) -> None:
    """Without the password nothing is read, and nothing written."""
    case = pdfs.build("password-aes-256")
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(level_bench.signed(case.data, Baseline.B_B, password=case.password))
    extending = level_bench.services.extending(LevelChoice(Baseline.B_T))
    with pytest.raises(PdfPasswordWrong):
        extending.extend(ExtensionOrder(source, target))
    assert not target.exists()
    extending.extend(ExtensionOrder(source, target, password=case.password))
    assert target.exists()
