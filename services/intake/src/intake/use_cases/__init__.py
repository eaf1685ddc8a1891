"""What somebody can do with intake, one function each."""
