"""XML that is read safely, and XML signatures over whole documents (XMLDSig, XAdES)."""
