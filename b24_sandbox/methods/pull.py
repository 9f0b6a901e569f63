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
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant, shape

method = MethodTable("pull")
register = method.register

_LIFETIME = 12 * 3600


def _by_application(call: Call, words: str) -> str:
    if call.application is None:
        raise PortalError("WRONG_AUTH_TYPE", f"{words} available only for application authorization.", 403)
    return call.application.client_id


def _channel(call: Call, kind: str, owner: str) -> Map:
    name = hashlib.md5(f"{kind}/{owner}".encode(), usedforsecurity=False).hexdigest()
    return {"id": name, "start": dates.iso(call.now), "end": dates.iso(call.now + _LIFETIME), "type": kind}


@method("pull.application.config.get")
def _config(call: Call) -> Value:
    """The addresses of the push server and the channels of the application and the caller."""
    owner = _by_application(call, "Get access to application config")
    host = urlsplit(call.base).netloc
    private = _channel(call, "private", f"{owner}/{call.user}")
    channels: Map = {
        "shared": _channel(call, "shared", owner),
        "private": {**private, "public_id": private["id"]},
    }
    urls = {"polling": f"https://{host}/sub2/", "socket": f"wss://{host}/subws2/", "publish": f"https://{host}/rest/"}
    server = shape("pull.server", host=host, now=int(call.now), **urls)
    return {"server": server, "api": constant("pull.revisions"), "channels": channels, "exp": int(call.now) + _LIFETIME}


@method("pull.application.event.add")
def _event(call: Call) -> Value:
    """Accept an event for the caller, or by an administrator for other users."""
    _by_application(call, "Get access to application config")
    sent = call.upper
    if sent.get("USER_ID") and not call.admin:
        raise PortalError("USER_ID_ACCESS_ERROR", "Only admin can send notifications to other channels")
    if sent.get("MODULE_ID") is not None and not isinstance(sent["MODULE_ID"], str):
        raise PortalError("MODULE_ID_ERROR", "Module ID format error")
    if not isinstance(sent.get("COMMAND"), str) or not sent["COMMAND"]:
        raise PortalError("COMMAND_ERROR", "Command format error")
    if sent.get("PARAMS") is not None and not php.is_array(sent["PARAMS"]):
        raise PortalError("PARAMS_ERROR", "Params format error")
    return True


@method("pull.application.push.add")
def _push(call: Call) -> Value:
    _by_application(call, "Send push notifications")
    if not call.admin:
        raise PortalError("ACCESS_ERROR", "You do not have access to send push notifications")
    if not call.upper.text("TEXT"):
        raise PortalError("TEXT_ERROR", "Text can't be empty")
    return True
