"""The source format of the official documentation: its editions, its pages, and their dialect of Markdown."""
