"""Make the pictures of the README from the running product: `make pictures` (needs Chromium).

demo.png is what `idservice demo` prints on a terminal; status.png is the page at `/`.
"""

from __future__ import annotations

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

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS = 92
PORT = "8093"


def main() -> None:
    """Capture both pictures into this folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        service = idservice(home, "run", "--port", PORT)
        try:
            wait_for(f"http://127.0.0.1:{PORT}/healthz")
            photograph(f"http://127.0.0.1:{PORT}/", HERE / "status.png", "1180,1200", folder)
            draw(demo(home), Path(folder) / "demo.svg")
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
