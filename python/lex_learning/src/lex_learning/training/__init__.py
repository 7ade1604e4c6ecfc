"""Fitting: splits, tasks, the executor they run on, selection and search."""
