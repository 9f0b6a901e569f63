"""People who log in to a server over HTTP, each with their own rights on the portal."""
