"""Every SQL statement of handling; functions take the session first."""
