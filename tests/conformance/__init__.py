"""The official conformance suite and the Inspector against the real server, offline: `make conformance`.

The suite expects certain tools, resources and prompts. A fixture adds them to the server of `build_server`, which is
then served over HTTP as usual. The Inspector runs the installed program.
"""
