"""Measurements of the signing core against its limits and its peers."""
