"""What notification reaches outside: a mail server, and the receivers of webhooks."""
