"""The answers of the tools: their forms, tables, size limit and text."""
