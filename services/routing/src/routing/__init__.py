"""Routes reports: departments, rules, areas, handling terms."""
