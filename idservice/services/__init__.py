"""One service per role: what the e-ID does, knowing neither Flask nor the command line."""
