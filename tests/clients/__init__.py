"""Real MCP clients against the server, offline: `make clients`.

The programs are the published ones from npm. Each has its own home folder, and talks to an invented model on loopback
that follows a script. A client is set up with `b24-mcp connect` or with its manifest. Then it starts or reaches the
server, lists the tools, runs a batch and a call that fails, and prints text that only this server can have sent.
"""
