"""Answers: their forms, tables, size limit and text."""
