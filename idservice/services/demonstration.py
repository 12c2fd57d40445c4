"""The story that `idservice demo` tells: one person from being issued to being refused.

Each step does the real thing and returns what it saw; a step that does not end as told
raises DemonstrationFailed. Issuing, login and revocation go over HTTP, signing and
validation happen here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idservice.errors import DemonstrationFailed, IdServiceError, Verification
from idservice.pades.baseline import Baseline
from idservice.services.assembly import Services
from idservice.services.documents import new_file
from idservice.services.file_signing import FileOrder, SignatureOptions
from idservice.services.level_sources import LevelChoice
from idservice.services.login_client import answer_members, log_in
from idservice.services.own_keys import HeldKey, KeyChoice
from idservice.services.specimen import specimen_contract
from idservice.services.stamps import StampChoice
from idservice.services.validation import ValidationReport
from idservice.transport import HttpSession

GIVEN_NAME, SURNAME = "MARI", "DEMOMÄE"
LENDER = "Bicycle Rental Tallinn"

# One bit makes a nine of this one: the price goes from 120 to 920 euros.
_PRICE = b"120 euros"
_OTHER_PRICE = b"920 euros"


@dataclass
class Demonstration:
    """One telling of the story; the steps are to be taken in their order."""

    services: Services
    address: str
    folder: Path
    code: str = ""
    name: str = ""
    pin1: str = field(default="", repr=False)
    pin2: str = field(default="", repr=False)
    _login_key: HeldKey | None = None

    def issue(self) -> str:
        """Issue a person over REST, as the operator."""
        request = {
            "given_name": GIVEN_NAME,
            "surname": SURNAME,
            "birth_date": "1988-06-23",
            "sex": "female",
        }
        person = self._as_operator("/v1/persons", request)
        self.code = str(person["personal_code"])
        self.name = f"{person['given_name']} {person['surname']}"
        self.pin1, self.pin2 = str(person["pins"]["pin1"]), str(person["pins"]["pin2"])
        return f"{self.name}, {self.code}, with PIN1 {self.pin1} and PIN2 {self.pin2}"

    def log_in(self) -> str:
        """Answer a challenge with the authentication key, and ask the service who we are."""
        claims = self._log_in().claims
        if claims.get("sub") != f"PNOEE-{self.code}":
            raise _not_as_told("the access token names somebody else")
        return f"the access token says {claims['sub']}, {claims['name']}"

    def write_contract(self) -> str:
        """Write the document that is to be signed."""
        contract = specimen_contract(LENDER, self.name, self.services.clock())
        with new_file(self.contract) as file:
            file.write(contract)
        return f"{self.contract.name}, {len(contract)} bytes"

    def sign(self) -> str:
        """Sign the contract visibly with the signing key and PIN2, with proofs that last."""
        key = self.services.own_keys.for_signing(KeyChoice(self.code), self.pin2)
        signer = self.services.file_signing.with_key(key, level=LevelChoice(Baseline.B_LT))
        options = SignatureOptions(reason="I agree", stamp=StampChoice())
        done = signer.sign(FileOrder(self.contract, self.signed, options))
        return (
            f"{self.signed.name}, {done.size} bytes, level {done.level}: with a time-stamp and the "
            "status of the certificate"
        )

    def verify(self) -> str:
        """Validate the signed contract."""
        signature, seen = self._valid_signature()
        return f"{seen}, signed by {signature['signedBy']}"

    def tamper(self) -> str:
        """Change one bit of the signed contract."""
        data = self.signed.read_bytes()
        if data.count(_PRICE) != 1:
            raise _not_as_told("the price does not stand in the contract once")
        with new_file(self.tampered) as file:
            file.write(data.replace(_PRICE, _OTHER_PRICE))
        return "the price in it is 920 euros now instead of 120"

    def verify_tampered(self) -> str:
        """Validate the changed contract, which must fail and say why."""
        report = self._validate(self.tampered)
        [signature] = [item.to_json() for item in report.signatures]
        if signature["integrity"] != "broken" or not signature["errors"]:
            raise _not_as_told("the changed contract is not refused")
        return f"{_indication(signature)}: {signature['errors'][0]['message']}"

    def revoke(self) -> str:
        """Revoke the person over REST, as the operator, in a later second than the signature's."""
        time.sleep(1 - self.services.clock().microsecond / 1e6)
        person = self._as_operator(f"/v1/persons/{self.code}/revoke", {"reason": "superseded"})
        if person["status"] != "revoked":
            raise _not_as_told("the person is not revoked")
        return f"{self.name} is revoked, which is final"

    def verify_after_revocation(self) -> str:
        """Validate the signed contract again: its time-stamp is older than the revocation."""
        signature, seen = self._valid_signature()
        if "revoked_later" not in {item["code"] for item in signature["warnings"]}:
            raise _not_as_told("the report does not tell of the revocation")
        return f"{seen}: signed at {signature['bestSignatureTime']}, before the revocation"

    def log_in_again(self) -> str:
        """Try to log in with the very same key, which must be refused."""
        try:
            self._log_in()
        except Verification as exc:
            if exc.code == "certificate_revoked":
                return f"refused with {exc.code}: {exc.detail}"
            raise
        except IdServiceError as exc:
            raise _not_as_told(f"the login was refused with {exc.code}") from exc
        raise _not_as_told("the revoked person logged in")

    @property
    def contract(self) -> Path:
        """The document before it was signed."""
        return self.folder / "contract.pdf"

    @property
    def signed(self) -> Path:
        """The signed document."""
        return self.folder / "contract.signed.pdf"

    @property
    def tampered(self) -> Path:
        """The signed document with one bit changed."""
        return self.folder / "contract.tampered.pdf"

    def _log_in(self) -> Any:
        # The key stays open, as in a card that is left in its reader.
        self._login_key = self._login_key or self.services.own_keys.for_login(
            KeyChoice(self.code), self.pin1
        )
        origin = self.services.settings.server.public_url
        return log_in(self.address, self._login_key, origin=origin)

    def _as_operator(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = self.services.settings.keys.operator_token_file.read_text().strip()
        session = HttpSession(self.address)
        return answer_members(session.post_json(path, body, {"Authorization": f"Bearer {token}"}))

    def _valid_signature(self) -> tuple[dict[str, Any], str]:
        report = self._validate(self.signed)
        if len(report.signatures) != 1 or not report.passed:
            raise _not_as_told("the signed contract is not valid")
        signature = report.signatures[0].to_json()
        return signature, _indication(signature)

    def _validate(self, path: Path) -> ValidationReport:
        return self.services.validation.validate(path.read_bytes(), path.name)


def serves_this_home(services: Services, address: str) -> bool:
    """Tell whether what answers at an address is this home's own service."""
    try:
        published = HttpSession(address).get("/.well-known/jwks.json").json()
    except IdServiceError:
        return False
    return bool(published == services.token_keys.jwks())


def _indication(signature: dict[str, Any]) -> str:
    parts = (signature["indication"], signature["subIndication"])
    return " / ".join(part for part in parts if part)


def _not_as_told(what: str) -> DemonstrationFailed:
    return DemonstrationFailed(
        f"The story broke off: {what}.", "Run `idservice doctor`, and report what it says."
    )
