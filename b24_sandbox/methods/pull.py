"""`pull.application.*`: the channels of an application, its events and push messages.

Nothing is delivered: the sandbox has no push server. Documentation: settings/interactivity/push-and-pull.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

_LIFETIME = 12 * 3600


def _by_application(call: Call, words: str) -> str:
    if call.application is None:
        raise PortalError("WRONG_AUTH_TYPE", f"{words} available only for application authorization.", 403)
    return call.application.client_id


def _channel(call: Call, kind: str, owner: str) -> Map:
    name = hashlib.md5(f"{kind}/{owner}".encode(), usedforsecurity=False).hexdigest()
    return {"id": name, "start": dates.iso(call.now), "end": dates.iso(call.now + _LIFETIME), "type": kind}


def _config(call: Call) -> Value:
    """The addresses of the push server and the channels of the application and the caller."""
    owner = _by_application(call, "Get access to application config")
    host = urlsplit(call.base).netloc
    private = _channel(call, "private", f"{owner}/{call.user}")
    channels: Map = {
        "shared": _channel(call, "shared", owner),
        "private": {**private, "public_id": private["id"]},
    }
    server: Map = {
        "version": 4,
        "server_enabled": True,
        "mode": "personal",
        "hostname": host,
        "long_polling": f"https://{host}/sub2/",
        "long_pooling_secure": f"https://{host}/sub2/",
        "websocket_enabled": True,
        "websocket": f"wss://{host}/subws2/",
        "websocket_secure": f"wss://{host}/subws2/",
        "publish_enabled": True,
        "publish": f"https://{host}/rest/",
        "publish_secure": f"https://{host}/rest/",
        "config_timestamp": int(call.now),
    }
    revisions: Map = {"revision_web": 19, "revision_mobile": 3}
    return {"server": server, "api": revisions, "channels": channels, "exp": int(call.now) + _LIFETIME}


def _event(call: Call) -> Value:
    """Accept an event for the caller, or by an administrator for other users."""
    _by_application(call, "Get access to application config")
    sent = call.upper_case()
    if sent.get("USER_ID") and not call.admin:
        raise PortalError("USER_ID_ACCESS_ERROR", "Only admin can send notifications to other channels")
    if sent.get("MODULE_ID") is not None and not isinstance(sent["MODULE_ID"], str):
        raise PortalError("MODULE_ID_ERROR", "Module ID format error")
    if not isinstance(sent.get("COMMAND"), str) or not sent["COMMAND"]:
        raise PortalError("COMMAND_ERROR", "Command format error")
    if sent.get("PARAMS") is not None and not php.is_array(sent["PARAMS"]):
        raise PortalError("PARAMS_ERROR", "Params format error")
    return True


def _push(call: Call) -> Value:
    _by_application(call, "Send push notifications")
    if not call.admin:
        raise PortalError("ACCESS_ERROR", "You do not have access to send push notifications")
    if not php.text(call.upper_case().get("TEXT")):
        raise PortalError("TEXT_ERROR", "Text can't be empty")
    return True


def register(registry: Registry) -> None:
    """Register the methods."""
    registry.classic("pull.application.config.get", "pull", _config)
    registry.classic("pull.application.event.add", "pull", _event)
    registry.classic("pull.application.push.add", "pull", _push)
