"""HTTP to other services, with limits; the only part that opens connections.

`session` talks to a running idservice and keeps cookies; `fetch` asks services of others
(OCSP, time-stamping, CRLs) within a total deadline.
"""

from idservice.transport.session import MAX_ANSWER_BYTES, TIMEOUT_SECONDS, Answer, HttpSession

__all__ = ["MAX_ANSWER_BYTES", "TIMEOUT_SECONDS", "Answer", "HttpSession"]
