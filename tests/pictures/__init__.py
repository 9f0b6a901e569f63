"""The pictures of the documentation. `python -m tests.pictures` makes them from real runs of the program."""
