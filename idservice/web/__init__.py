"""The HTTP face: it only translates between requests and services."""
