"""Requests and answers of SiVa, as its interface description has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class SivaRequest(BaseModel):
    """A document to validate; the request is checked by `web.siva` with SiVa's own messages."""

    model_config = ConfigDict(json_schema_extra={"required": ["filename", "document"]})

    filename: Annotated[str, Field(min_length=1, max_length=260, examples=["contract.pdf"])]
    document: Annotated[str, Field(description="The document in Base64.", min_length=1)]
    signaturePolicy: Annotated[  # noqa: N815 - the name in the interface
        Literal["POLv3", "POLv4"], Field(description="POLv4 asks for qualified certificates.")
    ] = "POLv4"
    reportType: Annotated[  # noqa: N815 - the name in the interface
        Literal["Simple", "Detailed", "Diagnostic"], Field(description="How much is reported.")
    ] = "Simple"


class SivaAnswer(BaseModel):
    """The report: `validationConclusion`, and more with other report types."""

    validationReport: dict[str, Any]  # noqa: N815 - the name in the interface


class SivaError(BaseModel):
    """One fault of a request."""

    key: str
    message: str


class SivaErrors(BaseModel):
    """Why a request was not served."""

    requestErrors: list[SivaError]  # noqa: N815 - the name in the interface


class MonitoringHeartbeat(BaseModel):
    """The service answers."""

    status: Literal["UP"]


class MonitoringVersion(BaseModel):
    """The version of the service."""

    version: str


class MonitoringHealth(BaseModel):
    """Whether the service and its parts work."""

    status: Literal["UP"]
    components: dict[str, Any]
