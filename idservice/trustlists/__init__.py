"""Trusted lists (ETSI TS 119 612): who provides which trust services, and with which status."""
