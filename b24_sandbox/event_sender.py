"""From a changed record to the handlers of its event: recipients, payload and token.

Documentation: api-reference/events; the payload is measured behaviour of the portal. A call with the token of an event
counts as one hop more than the cause of the event. After seven hops nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from b24_sandbox import dates, php
from b24_sandbox.changes import RecordChange
from b24_sandbox.deliveries import Deliveries
from b24_sandbox.entities.events import HANDLER, OFFLINE_EVENT
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.oauth import OAuthServer
    from b24_sandbox.world import World

HOPS = 7
_COLUMNS = [field.name for field in HANDLER.columns]


class EventSender:
    """The listener for changes of a portal that sends events to the bound handlers.

    `oauth` returns the authorization server, `everything` the current scopes of the portal.
    """

    def __init__(
        self, portal: World, oauth: Callable[[], OAuthServer], everything: Callable[[], frozenset[str]]
    ) -> None:
        self.deliveries = Deliveries()
        self._portal = portal
        self._oauth = oauth
        self._everything = everything
        self._hops: dict[str, int] = {}
        self.token = ""
        """The access token of the running call, empty for a webhook. It contains the depth in a chain of events."""
        self.connector = ""
        """The source key (`auth_connector`) of the running call."""
        portal.changes.subscribe(self.on_change)

    def on_change(self, change: RecordChange) -> None:
        """Send an event to the online handlers and queue it for the offline ones."""
        rows = self._portal.storage.rows(HANDLER, _COLUMNS, "EVENT_NAME = ?", [change.event])
        hop = self._hops.get(self.token, 0) + 1 if self.token else 1
        for row in rows:
            if row["OFFLINE"]:
                self._queue(row, change)
            elif hop <= HOPS:
                self._send(row, change, hop)

    def _send(self, row: Row, change: RecordChange, hop: int) -> None:
        payload: Map = {"event": change.event, "event_handler_id": row["ID"], "data": change.data}
        payload["ts"] = int(self._portal.clock())
        user = row.integer("USER_ID") or change.user
        payload["auth"] = self._auth(user, row.text("BASE"), hop)
        self.deliveries.post(row.text("HANDLER"), payload)

    def _auth(self, user: int, base: str, hop: int) -> Map:
        """Build the `auth` block: a token when a user caused the event, and the proof of the portal."""
        application = self._oauth().application
        auth: Map = {}
        if user:
            tokens = self._oauth().issue(user)
            self._hops[tokens.access_token] = hop
            auth = {
                "access_token": tokens.access_token,
                "expires": int(tokens.expires),
                "expires_in": tokens.expires_in,
                "scope": ",".join(sorted(application.scopes or self._everything())),
            }
        return {
            **auth,
            "domain": urlsplit(base).netloc,
            "server_endpoint": f"{base}/rest/",
            "status": application.status,
            "client_endpoint": f"{base}/rest/",
            "member_id": application.member_id,
            "user_id": user,
            "application_token": application.application_token,
        }

    def _queue(self, row: Row, change: RecordChange) -> None:
        """Queue one record per event and payload. A source's own changes are left out."""
        connector = row.text("CONNECTOR_ID")
        if connector and connector == self.connector:
            return
        import hashlib  # slow to import and rarely needed

        data = php.json_text(change.data)
        message = hashlib.md5(f"{change.event}{data}{connector}".encode(), usedforsecurity=False).hexdigest()
        storage, now = self._portal.storage, dates.iso(self._portal.clock())
        waiting = "MESSAGE_ID = ? and coalesce(PROCESS_ID, '') = ''"
        for known in storage.rows(OFFLINE_EVENT, ["ID"], waiting, [message]):
            storage.update(OFFLINE_EVENT, known.id, {"TIMESTAMP_X": now, "ERROR": 0})
            return
        first = not storage.count(OFFLINE_EVENT)
        storage.insert(
            OFFLINE_EVENT,
            {
                "TIMESTAMP_X": now,
                "EVENT_NAME": change.event,
                "EVENT_DATA": data,
                "EVENT_ADDITIONAL": json.dumps({"user_id": change.user}),
                "MESSAGE_ID": message,
                "PROCESS_ID": "",
                "ERROR": 0,
                "CONNECTOR_ID": connector,
            },
        )
        if first and change.event != "ONOFFLINEEVENT":
            self._portal.changes.announce("ONOFFLINEEVENT", {"CONNECTOR_ID": connector}, change.user)
