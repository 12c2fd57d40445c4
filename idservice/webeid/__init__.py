"""The Web eID authentication token: reading it, what it signs, and whose certificate may sign."""
