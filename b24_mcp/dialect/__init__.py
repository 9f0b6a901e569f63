"""The official documentation as it is written: its editions, its pages, and the dialect of Markdown they are in."""
