"""The process that reads hostile documents for others: `python -m` runs it, nothing else.

It gets one request after the other on its standard input and answers each with a line of
JSON. Memory is limited once, CPU time for each document; whoever exceeds a limit takes
only this process down. It opens no file, no network and no database.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from typing import Any, BinaryIO

from idservice.errors import IdServiceError
from idservice.pades.facts import read_facts
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
    while head := sys.stdin.buffer.readline():
        _limit_time(cpu_seconds)
        answers.write(json.dumps(_answer(json.loads(head), sys.stdin.buffer)).encode() + b"\n")
        answers.flush()


def _limit_time(cpu_seconds: int) -> None:
    """Allow so many more seconds of CPU time; beyond them the system ends this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(request: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    document = stream.read(request["size"])
    try:
        facts = read_facts(document, password=request["password"], max_bytes=request["max_bytes"])
    except IdServiceError as exc:
        return {"error": [exc.code, exc.detail, exc.fix]}
    return {"facts": facts_to_json(facts)}


if __name__ == "__main__":
    main()
