"""Writes from data: one call for each row of a query, frozen, approved once, sent in batches, and resumable.

query -> freezing -> journal -> approval -> sending -> outcome data set
"""
