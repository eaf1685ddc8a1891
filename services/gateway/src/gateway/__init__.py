"""Pages for residents and staff, sign-in, users and roles, one public API."""
