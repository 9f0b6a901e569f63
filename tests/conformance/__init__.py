"""The official conformance suite and the Inspector against the real server, offline: `make conformance`.

The suite looks for tools, resources and prompts of its own, so a fixture puts them on the server that `build_server`
builds; it is served as over HTTP for others. The Inspector gets the program as it is installed.
"""
