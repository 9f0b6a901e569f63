"""Charts: the rows of a query as a picture."""
