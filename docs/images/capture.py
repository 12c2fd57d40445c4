"""Make the pictures of the README from the running product: `make pictures` (needs Chromium).

demo.png is what `idservice demo` prints on a terminal; status.png is the page at `/`.
stamp.png and stamp-picture.png are visible signatures as poppler draws them. report.png is the end
of a report: the pages of the first signature beside those that carry the second one.
"""

from __future__ import annotations

import math
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image, ImageDraw
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS = 92
RESOLUTION = 150
A4_HEIGHT = 842
PERSON, OTHER_PERSON, PIN2 = "38001085718", "60001019906", "01497"
PORT = "8093"


def main() -> None:
    """Capture all pictures into this folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        service = idservice(home, "run", "--port", PORT)
        try:
            wait_for(f"http://127.0.0.1:{PORT}/healthz")
            photograph(f"http://127.0.0.1:{PORT}/", HERE / "status.png", "1180,1200", folder)
            draw(demo(home), Path(folder) / "demo.svg")
            stamps(home, Path(folder))
        finally:
            service.terminate()
            service.wait()
        page = Path(folder) / "demo.html"
        page.write_text(
            '<body style="margin:0;background:#fff"><img src="demo.svg" width="940"></body>'
        )
        photograph(page.as_uri(), HERE / "demo.png", "940,744", folder)


def idservice(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command of the product on a home folder, without its output."""
    return subprocess.Popen(
        [sys.executable, "-m", "idservice", "--home", str(home), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(address: str) -> None:
    """Wait until the service answers."""
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=1).close()  # noqa: S310 - our own address
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the service did not answer")


def demo(home: Path) -> str:
    """Run the demo on a terminal and return what it printed, colours included."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "idservice", "demo"],
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=home,
    ):
        os.close(slave)
        chunks = []
        try:
            while chunk := os.read(master, 65536):
                chunks.append(chunk)
        except OSError:
            pass  # Linux reports the end of a terminal as an error
    os.close(master)
    text = b"".join(chunks).decode().replace("\r\n", "\n")
    return re.sub(r"/\S*/home/", "./", text)


def stamps(home: Path, folder: Path) -> None:
    """Sign a contract visibly, once with all defaults and once with picture and QR code."""
    contract, once, twice = home / "var" / "contract.pdf", folder / "once.pdf", folder / "twice.pdf"
    ink = folder / "ink.png"
    handwriting().save(ink)
    said = ("--reason", "I agree", "--location", "Tallinn")
    sign(home, contract, once, PERSON, "--stamp", *said)
    pictured = ("--stamp-image", ink, "--stamp-qr", "https://id.example.ee/{code}")
    placed = ("--at", "20,85,100,32mm", "--corner", "bottom-right")
    sign(
        home, once, twice, OTHER_PERSON, *placed, *pictured, "--stamp-background", "#f3f7ff", *said
    )
    crop(once, HERE / "stamp.png", (344, 22, 574, 122))
    crop(twice, HERE / "stamp-picture.png", (240, 227, 553, 345))
    report(home, twice, folder)


def report(home: Path, document: Path, folder: Path) -> None:
    """Photograph the pages in the report about a document that was signed twice."""
    page = folder / "report.html"
    idservice(home, "verify", str(document), "--report", str(page)).wait()
    text = page.read_text(encoding="utf-8")
    start = text.index("<body>") + len("<body>")
    pages = text.index("<h2>The pages that ")
    page.write_text(text[:start] + text[pages:], encoding="utf-8")
    photograph(page.as_uri(), HERE / "report.png", "1180,900", str(folder))


def sign(home: Path, source: Path, target: Path, person: str, *options: str | Path) -> None:
    """Sign a file with the server key of a test person."""
    words = ("sign", source, "-o", target, "--as", person, "--pin", PIN2, *options)
    if idservice(home, *map(str, words)).wait():
        sys.exit("the contract was not signed")


def handwriting() -> Image.Image:
    """Draw something like a name written by hand, blue on nothing."""
    scale = 4
    picture = Image.new("RGBA", (300 * scale, 130 * scale), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    for step in range(4000):
        along = step / 4000
        swing = 42 * (1 - along) * math.sin(9 * math.tau * along + 0.6)
        x = 20 + 240 * along + 16 * math.sin(18 * math.tau * along)
        y = 70 - swing - 14 * math.sin(2.2 * math.tau * along)
        radius = 1.1 + 0.7 * math.sin(7 * math.tau * along)
        corners = [(x - radius) * scale, (y - radius) * scale]
        corners += [(x + radius) * scale, (y + radius) * scale]
        pen.ellipse(corners, fill=(24, 40, 140, 255))
    return picture.resize((600, 260), Image.Resampling.LANCZOS)


def crop(document: Path, path: Path, box: tuple[int, int, int, int]) -> None:
    """Draw part of the last page: left, bottom, right, top in points of an A4 page."""
    scale = RESOLUTION / 72
    left, bottom, right, top = (round(edge * scale) for edge in box)
    height = round(A4_HEIGHT * scale)
    place = ("-x", left, "-y", height - top, "-W", right - left, "-H", top - bottom)
    tool = shutil.which("pdftoppm") or sys.exit("install poppler-utils")
    words = (tool, "-r", RESOLUTION, "-png", "-singlefile", *place, document, path.with_suffix(""))
    subprocess.run([str(word) for word in words], check=True)


def draw(output: str, path: Path) -> None:
    """Draw terminal output as a picture."""
    with Path(os.devnull).open("w") as sink:
        console = Console(record=True, width=COLUMNS, file=sink, force_terminal=True)
        console.print(Text("$ make demo\n", style="bold"))
        console.print(Text.from_ansi(output))
        console.save_svg(str(path), title="idservice demo", theme=MONOKAI)


def photograph(address: str, path: Path, size: str, folder: str) -> None:
    """Take a screenshot with headless Chromium."""
    chromium = shutil.which("chromium") or sys.exit("install chromium")
    subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-background-networking",
            f"--user-data-dir={folder}/profile",
            f"--window-size={size}",
            f"--screenshot={path}",
            address,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
