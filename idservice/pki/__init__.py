"""Certificates, pure: personal codes, profiles, issuance behind a lint, and path validation."""
