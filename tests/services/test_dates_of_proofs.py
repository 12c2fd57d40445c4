"""What is collected for B-LT was made after the signature time-stamp, to the very second."""

import datetime as dt
import io
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import ocsp as asn1_ocsp

from idservice.cms.time_stamp_request import parse_request
from idservice.cms.time_stamp_response import granted
from idservice.cms.time_stamp_template import token_template
from idservice.crypto import der
from idservice.pades.baseline import Baseline
from idservice.services.assembly import Services, open_services
from idservice.services.file_signing import FileOrder
from idservice.services.level_sources import LevelChoice
from idservice.services.own_keys import KeyChoice
from support import pdfs
from support.homes import PERSON, PIN2, settings_of
from support.lying_server import Wire, lying_server

TIME_STAMP = "1.2.840.113549.1.9.16.2.14"


def signed(services: Services, folder: Path, *tsa_urls: str) -> bytes:
    """Sign a file at B-LT."""
    source, target = folder / "a.pdf", folder / "b.pdf"
    source.write_bytes(pdfs.baseline())
    target.unlink(missing_ok=True)
    key = services.own_keys.for_signing(KeyChoice(PERSON), PIN2)
    choice = LevelChoice(Baseline.B_LT, tsa_urls=tsa_urls)
    services.file_signing.with_key(key, None, choice).sign(FileOrder(source, target))
    return target.read_bytes()


def stamped_at(pdf: pikepdf.Pdf) -> dt.datetime:
    """The genTime of the signature time-stamp, as asn1crypto reads it."""
    contents = bytes(pdf.Root.AcroForm.Fields[0].V.Contents)
    [signer] = asn1_cms.ContentInfo.load(contents)["content"]["signer_infos"]
    [token] = next(
        item["values"] for item in signer["unsigned_attrs"] if item["type"].dotted == TIME_STAMP
    )
    found: dt.datetime = token["content"]["encap_content_info"]["content"].parsed["gen_time"].native
    return found


def answered_at(pdf: pikepdf.Pdf) -> list[dt.datetime]:
    """Every producedAt and thisUpdate in the document security store."""
    times = []
    for stream in pdf.Root.DSS.OCSPs:
        answer = asn1_ocsp.OCSPResponse.load(stream.read_bytes())["response_bytes"]["response"]
        data = answer.parsed["tbs_response_data"]
        times += [data["produced_at"].native, data["responses"][0]["this_update"].native]
    return times


def test_no_answer_is_dated_before_our_time_stamp(home: Path, tmp_path: Path) -> None:
    """Our tokens carry whole seconds, as answers do, so nothing has to be waited for."""
    services = open_services(settings_of(home))
    for _ in range(4):
        with pikepdf.open(io.BytesIO(signed(services, tmp_path))) as pdf:
            assert stamped_at(pdf).microsecond == 0
            assert min(answered_at(pdf)) >= stamped_at(pdf)
    services.close()


@pytest.mark.parametrize("milliseconds", [1, 500, 999])
def test_the_rest_of_a_second_is_waited_for(home: Path, tmp_path: Path, milliseconds: int) -> None:
    """An answer of the second in which another authority stamped is not late enough."""
    services = open_services(settings_of(home))
    used = services.service_certificates.current("tsa")
    template = token_template(
        used.certificate_der,
        services.certificate_authority.chain_der[:-1],
        used.signer.algorithm,
        accuracy=dt.timedelta(seconds=1),
    )

    def stamp(body: bytes, wire: Wire) -> None:
        info = template.info(
            parse_request(body),
            policy_der=der.object_identifier("2.999.1"),
            serial=1,
            gen_time=dt.datetime.now(dt.UTC).replace(microsecond=1000 * milliseconds),
        )
        attributes = template.signed_attributes(info)
        value = used.signer.sign(attributes)
        wire.answer(granted(template.attach(info, attributes, value, certificates=True)))

    with lying_server(stamp) as server:
        data = signed(services, tmp_path, server.url)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert stamped_at(pdf).microsecond == 1000 * milliseconds
        assert min(answered_at(pdf)) > stamped_at(pdf)
    services.close()
