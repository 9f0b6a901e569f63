"""Real MCP clients against the server, offline: `make clients`.

The programs are those people use, from the package index, each with a home of its own and an invented model on loopback
that plays a script. A client is set up by `b24-mcp connect`, or by pasting its manifest; then it starts or reaches the
server, lists the tools, runs a batch and a call that fails, and prints what only our server can have said.
"""
