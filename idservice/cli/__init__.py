"""The command line: it asks, calls a service, and shows what came back."""
