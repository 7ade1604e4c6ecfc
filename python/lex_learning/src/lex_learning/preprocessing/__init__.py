"""From a table to what algorithms learn from."""
