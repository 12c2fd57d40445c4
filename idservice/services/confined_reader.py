"""The process that reads hostile documents for others: `python -m` runs it, nothing else.

It gets one request after the other on its standard input, a socket, and answers each with a
line of JSON. Memory is limited once, CPU time for each document; whoever exceeds a limit takes
only this process down. It opens no network and no database, and no file but the document that
it is told to prepare for signing; large documents to read are open when they come.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import resource
import socket
import sys
import warnings
from dataclasses import asdict
from mmap import mmap
from pathlib import Path
from typing import Any

from idservice.cades.facts import read_facts as read_detached
from idservice.errors import IdServiceError
from idservice.pades.differences import read_differences
from idservice.pades.facts import read_facts
from idservice.services.confined_requests import MEMORY_EXCEEDED, receive
from idservice.services.page_drawing import draw_pages
from idservice.services.preparation import LocalPreparer, PreparationOrder
from idservice.validation.facts import DocumentFacts
from idservice.validation.serialisation import facts_to_json


def main() -> None:
    """Serve requests until the input ends."""
    memory_bytes, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a device, not a path of ours
        os.dup2(nothing.fileno(), sys.stdout.fileno())
    requests = socket.socket(fileno=sys.stdin.fileno())
    while (request := receive(requests)) is not None:
        _limit_time(cpu_seconds)
        with request.body() as body:
            answer = _answer(request.head, body)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _limit_time(cpu_seconds: int) -> None:
    """Allow so many more seconds of CPU time; beyond them the system ends this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(request: dict[str, Any], body: bytes | mmap) -> dict[str, Any]:
    try:
        if request["do"] == "prepare":
            return _prepare(Path(request["path"]), bytes(body))
        if request["do"] == "compare":
            return _compare(request, body)
        if request["do"] == "explain":
            from idservice.inspection.explanation import explain

            return {"explanation": explain(body, password=request["password"])}
        if request["do"] == "draw":
            return draw_pages(body, request["end"], request["page"], request["password"])
        facts = _read(request, body)
    except IdServiceError as exc:
        return {"error": [exc.code, exc.detail, exc.fix]}
    return {"facts": facts_to_json(facts)}


def _compare(request: dict[str, Any], body: bytes | mmap) -> dict[str, Any]:
    found = read_differences(body, password=request["password"], max_bytes=request["max_bytes"])
    return {"revisions": [asdict(item) for item in found]}


def _read(request: dict[str, Any], body: bytes | mmap) -> DocumentFacts:
    if request["do"] == "read":
        return read_facts(body, password=request["password"], max_bytes=request["max_bytes"])
    signature = base64.b64decode(request["signature"])
    content = body if request["with_content"] else None
    return read_detached(signature, content, max_bytes=request["max_bytes"])


def _prepare(path: Path, order_bytes: bytes) -> dict[str, Any]:
    # The process that started this one wrote it, and nobody else can.
    order: PreparationOrder = pickle.loads(order_bytes)  # noqa: S301
    made = LocalPreparer().prepare(path, order)
    pending = base64.b64encode(made.pending.to_bytes()).decode()
    return {"pending": pending, "sha256": made.document_sha256}


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        # Told apart from every other end: only this one is the document's doing.
        os._exit(MEMORY_EXCEEDED)
