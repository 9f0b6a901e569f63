"""The methods that the program calls by itself to find out about a portal and the user.

Source: documentation, api-reference/common (`profile`, `scope`, `app.info`, `server.time`) and api-reference/rest-v3.
"""

from __future__ import annotations

PROBES = ("profile", "scope", "server.time", "app.info")
"""Called together in one batch. They are read-only, have no parameters, and contain nothing from a model."""
V3_PROBE = "rest.scope.list"
"""Shows whether the portal has REST 3.0. It is read-only and has no parameters."""
