"""Methods for any credentials: profile, scopes and methods, server time (documentation: api-reference/common)."""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row
from b24_sandbox.scopes import PORTAL_SCOPES

_FEATURES = {"rest_offline_extended": "N"}
LICENSE = "ru_pro100"


def _scope(call: Call) -> Value:
    if php.truthy(call.upper_case().get("FULL")):
        return sorted(PORTAL_SCOPES.union(call.portal.registry.scopes()))
    return sorted(call.scopes)


def _methods(call: Call) -> Value:
    sent = call.upper_case()
    registry = call.portal.registry
    if "SCOPE" in sent:
        scope = php.text(sent["SCOPE"])
        return registry.listed("" if scope == "_global" else scope)
    if php.truthy(sent.get("FULL")):
        return registry.listed()
    return [name for scope in ("", *sorted(call.scopes)) for name in registry.listed(scope)]


def _method_get(call: Call) -> Value:
    """Whether a method exists. Classic names are compared as written; of a controller only the class is checked."""
    name = php.text(call.upper_case().get("NAME"))
    method = call.portal.registry.find(name)
    existing = method is not None and (method.controller or method.name == name)
    available = existing and method is not None and call.grants(method)
    return {"isExisting": existing, "isAvailable": available}


def _profile(call: Call) -> Value:
    person = call.portal.storage.row(USER, call.user) or Row()
    shown = {name: person.text(name) for name in ("NAME", "LAST_NAME", "PERSONAL_GENDER", "TIME_ZONE")}
    return {"ID": str(call.user), "ADMIN": call.admin, **shown}


def _feature(call: Call) -> Value:
    code = php.text(call.upper_case().get("CODE"))
    if not code:
        raise PortalError("CODE_EMPTY", "CODE can't be empty")
    return {"value": _FEATURES.get(code, "Y")}


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


def register(registry: Registry) -> None:
    """Register the common methods."""
    registry.classic("scope", "", _scope)
    registry.classic("methods", "", _methods)
    registry.classic("method.get", "", _method_get)
    registry.classic("server.time", "", lambda call: dates.iso(call.now))
    registry.classic("profile", "", _profile)
    registry.classic("user.admin", "", lambda call: call.admin)
    registry.classic("app.info", "", _app_info)
    registry.classic("feature.get", "", _feature)
