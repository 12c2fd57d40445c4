"""XML documents: trusted lists are summed up, of others the root is named."""

from __future__ import annotations

from typing import Any

from idservice.errors import Finding
from idservice.xmlsig.reading import parse_xml

Explained = tuple[dict[str, Any], tuple[Finding, ...]]

_MAX_CHILDREN = 100


def xml_document(data: bytes) -> Explained:
    """Explain an XML document. Raises MalformedXml."""
    root = parse_xml(data)
    namespace, _, local = str(root.tag).rpartition("}")
    return {
        "root": local,
        "namespace": namespace.lstrip("{") or None,
        "children": [str(item.tag).rpartition("}")[2] for item in list(root)[:_MAX_CHILDREN]],
        "signed": any(str(item.tag).endswith("}Signature") for item in root),
    }, ()
