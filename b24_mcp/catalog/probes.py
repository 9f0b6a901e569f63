"""The calls that the program makes on its own account, to see who we are on a portal.

Source: documentation, api-reference/common (`profile`, `scope`, `app.info`, `server.time`) and api-reference/rest-v3.
"""

from __future__ import annotations

PROBES = ("profile", "scope", "server.time", "app.info")
"""Asked together in one batch. They read, take no parameters, and nothing of a model's goes into them."""
V3_PROBE = "rest.scope.list"
"""Shows whether the portal has REST 3.0; likewise."""
