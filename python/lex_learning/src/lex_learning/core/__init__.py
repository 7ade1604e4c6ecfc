"""The shared words: schema, problem, dataset, metrics and results."""
