"""Read models: public map, open data, counts."""
