"""Every SQL statement of notification; functions take the session first."""
