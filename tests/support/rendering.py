"""Pages as poppler, PDFium (the engine of Chromium) and Chromium itself show them."""

import io
import json
import os
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageChops

from support.programs import require_program

SCALE = 2.0
"""Pixels for a point in what poppler and PDFium draw."""


def by_poppler(data: bytes, folder: Path, *, password: str = "") -> Image.Image:
    """Draw the last page with pdftoppm; whatever it complains about fails the test."""
    path, out = folder / "drawn.pdf", folder / "drawn"
    path.write_bytes(data)
    command = [
        require_program("pdftoppm"),
        "-cropbox",
        "-r",
        str(72 * SCALE),
        "-png",
        "-singlefile",
    ]
    last = str(len(pypdfium2.PdfDocument(data, password=password or None)))
    command += ["-f", last, "-upw", password, str(path), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(out.with_suffix(".png")) as image:
        return image.convert("RGB")


def by_pdfium(data: bytes, folder: Path, *, password: str = "") -> Image.Image:
    """Draw the last page with PDFium, forms and annotations included."""
    del folder
    document = pypdfium2.PdfDocument(data, password=password or None)
    document.init_forms()
    image = document[len(document) - 1].render(scale=SCALE, may_draw_forms=True).to_pil()
    assert isinstance(image, Image.Image)
    return image.convert("RGB")


RENDERERS = {"poppler": by_poppler, "pdfium": by_pdfium}

every_renderer = pytest.mark.parametrize("draw", RENDERERS.values(), ids=RENDERERS)


def ink(image: Image.Image) -> tuple[float, float, float, float] | None:
    """Where a page is not white: left, bottom, right, top in points as seen; None if nowhere."""
    white = Image.new("RGB", image.size, "white")
    difference = ImageChops.difference(image, white).convert("L")
    box = difference.point([0 if level < 24 else 255 for level in range(256)]).getbbox()
    if box is None:
        return None
    left, top, right, bottom = (edge / SCALE for edge in box)
    height = image.height / SCALE
    return left, height - bottom, right, height - top


def part(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    """Cut a rectangle out of a page: left, bottom, right, top in points as seen."""
    left, bottom, right, top = box
    height = image.height / SCALE
    upper, lower = height - top, height - bottom
    return image.crop(
        (round(left * SCALE), round(upper * SCALE), round(right * SCALE), round(lower * SCALE))
    )


def likeness(one: Image.Image, other: Image.Image) -> float:
    """How alike two pictures are, seen without sharp eyes: 1 is the same, 0 black against white."""
    size = (one.width // 4, one.height // 4)
    small = [image.convert("L").resize(size, Image.Resampling.BOX) for image in (one, other)]
    levels = ImageChops.difference(*small).histogram()
    total = sum(count * level for level, count in enumerate(levels))
    return 1 - total / (255 * size[0] * size[1])


class Chromium:
    """Chromium without a window, spoken to over a pipe (DevTools protocol)."""

    def __init__(self, into: Any, out: Any) -> None:
        self._into = into
        self._out = out
        self._number = 0

    def photograph(self, address: str, *, within: float = 30) -> Image.Image:
        """Open an address and return what is seen when it no longer changes."""
        target = self._ask("Target.createTarget", url=address)["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        before, until = b"", time.monotonic() + within
        while time.monotonic() < until:
            time.sleep(0.7)
            seen = b64decode(self._ask("Page.captureScreenshot", session)["data"])
            image = Image.open(io.BytesIO(seen)).convert("RGB")
            if seen == before and image.getpixel((image.width // 2, 40)) == (255, 255, 255):
                self._ask("Target.closeTarget", targetId=target)
                return image
            before = seen
        raise AssertionError(f"Chromium did not show {address} within {within} s")

    def width_needed(self, address: str, width: int) -> int:
        """Open an address on a screen of this width; return how wide the page is, in pixels."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        self._ask("Emulation.setDeviceMetricsOverride", session, **screen)
        self._ask("Page.navigate", session, url=address)
        loaded = "location.href !== 'about:blank' && document.readyState === 'complete'"
        asked = f"{loaded} ? document.documentElement.scrollWidth : 0"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            answer = self._ask("Runtime.evaluate", session, expression=asked)
            found: int = answer["result"].get("value", 0)
            if found:
                self._ask("Target.closeTarget", targetId=target)
                return found
            time.sleep(0.1)
        raise AssertionError(f"Chromium did not load {address}")

    def _ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._into.write(json.dumps(message).encode() + b"\0")
        self._into.flush()
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self) -> bytes:
        parts = bytearray()
        while (octet := self._out.read(1)) != b"\0":
            assert octet, "Chromium ended"
            parts += octet
        return bytes(parts)


@contextmanager
def chromium(folder: Path, size: tuple[int, int]) -> Iterator[Chromium]:
    """Start Chromium with a window of this size; it is ended in the end."""
    commands, answers = os.pipe(), os.pipe()
    arguments = [
        require_program("chromium"),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        f"--user-data-dir={folder}/profile",
        f"--window-size={size[0]},{size[1]}",
        "--remote-debugging-pipe",
    ]

    def take_pipes() -> None:
        os.dup2(commands[0], 3)
        os.dup2(answers[1], 4)

    process = subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(3, 4),
        preexec_fn=take_pipes,  # noqa: PLW1509 - nothing else runs in the child yet
    )
    os.close(commands[0])
    os.close(answers[1])
    try:
        with os.fdopen(commands[1], "wb") as into, os.fdopen(answers[0], "rb") as out:
            yield Chromium(into, out)
    finally:
        process.terminate()
        process.wait(20)
