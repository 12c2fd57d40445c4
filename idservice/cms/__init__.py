"""CMS SignedData (RFC 5652): made here from pre-encoded parts, read and verified strictly."""
