"""Deciding about signatures: facts in, verdict out (EN 319 102-1); no file is read here."""
