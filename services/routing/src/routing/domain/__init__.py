"""Rules of routing without any input or output: terms, areas, rules and the choice of a department."""
