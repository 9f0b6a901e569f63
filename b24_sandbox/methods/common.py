"""Methods for any credentials: profile, scopes and methods, server time (documentation: api-reference/common)."""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.people import person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.scopes import PORTAL_SCOPES

method = MethodTable("")
register = method.register

_FEATURES = {"rest_offline_extended": "N"}
LICENSE = "ru_pro100"


@method("scope")
def _scope(call: Call) -> Value:
    if php.truthy(call.upper.get("FULL")):
        return sorted(PORTAL_SCOPES.union(call.portal.registry.scopes()))
    return sorted(call.scopes)


@method("methods")
def _methods(call: Call) -> Value:
    sent = call.upper
    registry = call.portal.registry
    if "SCOPE" in sent:
        scope = php.text(sent["SCOPE"])
        return registry.listed("" if scope == "_global" else scope)
    if php.truthy(sent.get("FULL")):
        return registry.listed()
    return [name for scope in ("", *sorted(call.scopes)) for name in registry.listed(scope)]


@method("method.get")
def _method_get(call: Call) -> Value:
    """Whether a method exists. Classic names are compared as written; of a controller only the class is checked."""
    name = call.upper.text("NAME")
    found = call.portal.registry.find(name)
    existing = found is not None and (found.controller or found.name == name)
    available = existing and found is not None and call.grants(found)
    return {"isExisting": existing, "isAvailable": available}


@method("profile")
def _profile(call: Call) -> Value:
    row = person(call.portal, call.user)
    shown = {name: row.text(name) for name in ("NAME", "LAST_NAME", "PERSONAL_GENDER", "TIME_ZONE")}
    return {"ID": str(call.user), "ADMIN": call.admin, **shown}


@method("feature.get")
def _feature(call: Call) -> Value:
    code = call.upper.text("CODE")
    if not code:
        raise PortalError("CODE_EMPTY", "CODE can't be empty")
    return {"value": _FEATURES.get(code, "Y")}


@method("app.info")
def _app_info(call: Call) -> Value:
    """The data of the calling application; for a webhook only its scopes and the licence (source behaviour).

    When the authorization server has no name of its own, its `app.info` has this address too. Then the answer has the
    keys of both.
    """
    licence: Map = {"LICENSE": LICENSE}
    application = call.application
    if application is None:
        return {"SCOPE": sorted(call.scopes), **licence}
    oauth = call.portal.oauth
    return {
        **({} if oauth.name else oauth.installation(call.caller.secret, call.base)),
        "ID": 1,
        "CODE": application.code or application.client_id,
        "VERSION": application.version,
        "STATUS": application.status,
        "INSTALLED": True,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": "ru",
        **licence,
        "LICENSE_TYPE": LICENSE.partition("_")[2],
        "LICENSE_FAMILY": LICENSE.partition("_")[2].rstrip("0123456789"),
    }


method.add("server.time", lambda call: dates.iso(call.now))
method.add("user.admin", lambda call: call.admin)
