"""Algorithms, keys and DER: the bottom of the core, importing nothing of ours but errors."""
