"""Serving many clients over HTTP: who may come in, how many at a time, and how it ends."""

from b24_mcp.server.http.server import serve_http

__all__ = ["serve_http"]
