"""Batches: commands, references between them, requests, outcomes."""
