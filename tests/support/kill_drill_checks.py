"""What must hold after every kill and at the end, read from the ledger, the database and OCSP."""

import datetime as dt
import secrets
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from idservice.services.assembly import Services
from idservice.store.schema import certificates
from support.kill_drill_ledger import CERTIFICATE, REVOKED, STAMP, Breaches, Ledger, Line
from support.kill_drill_load import Load
from support.parallel_time_stamps import Told, assert_never_back, recorded

_LIVE = {"valid", "suspended", "revoked"}


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """What the database holds of one certificate."""

    status: str
    sha256: str | None
    is_signed: bool


@dataclass
class Checker:
    """Compares what clients were told with what is there."""

    services: Services
    ledger: Ledger
    load: Load
    breaches: Breaches
    _checked: int = 0

    def after_restart(self) -> None:
        """What was acknowledged since the last time exists; what was ever revoked still is."""
        end = self.ledger.size
        self._require(self._checked, end)
        self._checked = end

    def _require(self, start: int, end: int) -> None:
        # What is read from the ledger first cannot be newer than the rows.
        told = self.ledger.lines(CERTIFICATE, start=start, end=end)
        revoked = self.ledger.lines(REVOKED, end=end)
        stamps = self.ledger.lines(STAMP, start=start, end=end)
        rows = self._rows()
        self._require_certificates(told, rows)
        self._require_revoked(revoked, rows)
        self._require_stamps(stamps)

    def at_the_end(self, stamps_in_files: set[str]) -> None:
        """As after a restart, for all that was ever acknowledged, and OCSP says so as well."""
        self._require(0, self.ledger.size)
        self._require_serials_once()
        for line in self.ledger.lines(REVOKED):
            self._require_ocsp(line, "revoked")
        revoked = {line["sha256"] for line in self.ledger.lines(REVOKED)}
        others = [item for item in self.ledger.lines(CERTIFICATE) if item["sha256"] not in revoked]
        for line in others[-20:]:
            self._require_ocsp(line, "good", "revoked")
        with self.services.database.read() as connection:
            known = recorded(connection).keys()
        for serial in stamps_in_files - known:
            self.breaches.note(f"time-stamp {serial} is in an output and not in the records")

    def _rows(self) -> dict[tuple[str, str], CertificateRow]:
        wanted = select(
            certificates.c.issuer, certificates.c.serial, certificates.c.status,
            certificates.c.certificate_sha256, certificates.c.certificate_der.is_not(None),
        )  # fmt: skip
        with self.services.database.read() as connection:
            found = connection.execute(wanted).all()
        return {(row[0], row[1]): CertificateRow(row[2], row[3], bool(row[4])) for row in found}

    def _require_certificates(
        self, told: list[Line], rows: dict[tuple[str, str], CertificateRow]
    ) -> None:
        for line in told:
            row = rows.get((line["issuer"], line["serial"]))
            if row is None or row.status not in _LIVE or row.sha256 != line["sha256"]:
                self.breaches.note(f"certificate {line['serial']} was acknowledged; row: {row}")
        for key, row in rows.items():
            if (row.status in _LIVE) is not row.is_signed:
                self.breaches.note(f"certificate {key} is {row.status}, signed: {row.is_signed}")

    def _require_revoked(
        self, told: list[Line], rows: dict[tuple[str, str], CertificateRow]
    ) -> None:
        for line in told:
            row = rows.get((line["issuer"], line["serial"]))
            if row is None or row.status != "revoked":
                self.breaches.note(f"revocation of {line['serial']} was acknowledged; row: {row}")

    def _require_stamps(self, told: list[Line]) -> None:
        if not told:
            return
        oldest = min(dt.datetime.fromisoformat(line["gen_time"]) for line in told)
        with self.services.database.read() as connection:
            known = recorded(connection, since=oldest)
        for line in told:
            row = known.get(line["serial"])
            same = row is not None and (
                row.gen_time == dt.datetime.fromisoformat(line["gen_time"])
                and row.imprint.hex() == line["imprint"]
            )
            if not same:
                self.breaches.note(f"time-stamp {line['serial']} was given out; row: {row}")
        tokens = [
            Told(
                line["asked"], line["had"], line["serial"],
                dt.datetime.fromisoformat(line["gen_time"]),
            )
            for line in told
        ]  # fmt: skip
        assert_never_back(tokens)

    def _require_serials_once(self) -> None:
        """Rows are unique by their primary keys; what clients hold is counted here."""
        told = {
            "certificate": Counter(
                line["serial"] for line in {
                    item["sha256"]: item for item in self.ledger.lines(CERTIFICATE)
                }.values()
            ),
            "time-stamp": Counter(line["serial"] for line in self.ledger.lines(STAMP)),
        }  # fmt: skip
        for kind, serials in told.items():
            for serial, times in serials.items():
                if times > 1:
                    self.breaches.note(f"{kind} serial {serial} was given out {times} times")

    def _require_ocsp(self, line: Line, *allowed: str) -> None:
        status = self.load.status_of(line["certificate_pem"], nonce=secrets.token_bytes(32))
        if status not in allowed:
            self.breaches.note(f"OCSP says {status} of {line['serial']}, not {allowed}")
