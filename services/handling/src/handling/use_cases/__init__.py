"""What somebody, or an event, can do with cases; one function each."""
