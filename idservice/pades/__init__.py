"""PAdES (EN 319 142-1): signatures in PDF files, made in two phases."""
