"""The pages in a real browser: they work under their own content security policy, offline."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idservice.web.app import BLUEPRINTS
from idservice.web.openapi import build_document
from support.commands import RunningService, running_service
from support.programs import require_program


@pytest.fixture(scope="module")
def service(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """Give one running service for all pages."""
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(home_template, home)
    with running_service(home) as running:
        yield running


def open_in_browser(address: str, profile: Path) -> tuple[str, list[str]]:
    """Open a page, let its scripts work, and return its DOM and what the console complained of."""
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--no-first-run", f"--user-data-dir={profile}", "--virtual-time-budget=8000",
        # Every other host fails, as on a machine without a network.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--enable-logging=stderr", "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run(
        [require_program("chromium"), *options, address],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_the_viewer_shows_every_operation(service: RunningService, tmp_path: Path) -> None:
    """The vendored viewer reads our document and needs neither a CDN nor inline scripts."""
    app = Flask("labels", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    operations = sum(len(methods) for methods in build_document(app)["paths"].values())
    dom, complaints = open_in_browser(f"{service.url}/docs", tmp_path)
    assert dom.count('class="opblock-summary-path"') == operations
    assert not complaints


@pytest.mark.parametrize("path", ["/", "/problems"])
def test_a_page_has_nothing_to_complain_of(
    service: RunningService, tmp_path: Path, path: str
) -> None:
    """No refused style, script or picture, and nothing missing."""
    dom, complaints = open_in_browser(f"{service.url}{path}", tmp_path)
    assert "</main>" in dom
    assert not complaints
