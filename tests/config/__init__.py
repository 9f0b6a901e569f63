"""The portals a person names, and their secrets."""
