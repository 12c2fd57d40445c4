"""A complete test e-ID: certificate authority, login, PDF signatures and their validation."""

__version__ = "0.1.0"
