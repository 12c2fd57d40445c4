"""Signatures of every level, made with the services of a home in this process.

`level_bench` is one for each test process, for tests that change nothing in it; a test that
wants sources of its own, or a clock, makes a `LevelBench` over its own services.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from pyhanko.sign.validation.policy_decl import LocalKnowledge

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.algorithms import SHA256
from idservice.pades.baseline import Baseline
from idservice.pades.facts import read_facts
from idservice.pades.material import merged
from idservice.pades.signing import prepare, signature_cms
from idservice.pdf.document import open_document
from idservice.services.assembly import Services, open_services
from idservice.services.level_sources import LevelChoice, open_sources
from idservice.services.levels import Levels
from idservice.services.own_keys import HeldKey, KeyChoice
from support.homes import PERSON, PIN2, settings_of
from support.pyhanko_levels import kept_beside


@dataclass(frozen=True)
class LevelBench:
    """A signer, and what raises signatures to a level."""

    services: Services
    choice: LevelChoice = field(default_factory=LevelChoice)

    @cached_property
    def levels(self) -> Levels:
        """What raises signatures to a level."""
        return self.services.levels(self.choice)

    @cached_property
    def key(self) -> HeldKey:
        """The signing key of the test person."""
        return self.services.own_keys.for_signing(KeyChoice(PERSON), PIN2)

    @cached_property
    def template(self) -> CmsTemplate:
        """The constant parts of the person's signatures."""
        return cms_template(
            self.key.certificate_der, self.key.chain_der[:1], self.key.signer.algorithm
        )

    @property
    def root_der(self) -> bytes:
        """The only certificate that a validator needs to trust."""
        return self.services.certificate_authority.chain_der[-1]

    def signed(self, data: bytes, level: Baseline, *, password: str | None = None) -> bytes:
        """Sign a file at a level; return the whole signed file."""
        document = open_document(data, password=password)
        room = self.levels.room(level)
        pending = prepare(document, self.template, at=self.services.clock(), room=room)
        value = self.key.signer.sign(pending.dtbs)
        cms_der = signature_cms(pending, value, made_here=True)
        return data + self.levels.finish(data, pending, cms_der, value, level, password=password)

    def extended(self, data: bytes, level: Baseline, *, password: str | None = None) -> bytes:
        """Raise a file to a level; return the whole file."""
        facts = read_facts(data, password=password)
        return data + self.levels.extend(data, facts, level, password=password)

    def evidence(self) -> LocalKnowledge:
        """The status of the signer's and the time-stamping unit's certificates, of now."""
        sources = open_sources(self.services, self.choice)
        now = self.services.clock()
        stamp = sources.signature_stamps.time_stamp(SHA256.digest(b""), SHA256)
        signer = sources.signers.require(self.key.certificate_der, (), now)
        return kept_beside(
            merged([sources.statuses.collect(path, after=now) for path in (signer, stamp.path)])
        )


@pytest.fixture(scope="session")
def level_bench(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LevelBench]:
    """Give the bench of this test process."""
    home = tmp_path_factory.mktemp("levels") / "home"
    shutil.copytree(home_template, home)
    services = open_services(settings_of(home))
    yield LevelBench(services)
    services.close()
