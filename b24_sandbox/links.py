"""Signed links: addresses that contain the parameters of a call and are valid for one pair of credentials only.

The parameter `token` of a link is `scope|base64(query)|signature`. The signature covers the method, the scope, the
query and the credentials (measured behaviour of the portal, and documentation:
api-reference/files/how-to-download-files).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote, urlencode

from b24_sandbox import php
from b24_sandbox.callers import PortalCaller
from b24_sandbox.errors import link_check_failed
from b24_sandbox.php import Map, Value

LINKS = ("download", "upload")
"""Names that are never methods but signed links, see `Registry.link`."""


def address(base: str, name: str, params: Map, scope: str, caller: PortalCaller, key: str, nonce: str) -> str:
    """The complete address of a link to `name` (`download`, `upload` or a method) with signed `params`.

    `base` is the scheme and host of the portal, `key` signs, and `nonce` is in no earlier link.
    """
    query = base64.b64encode(_query(params, nonce).encode()).decode()
    token = quote("|".join((scope, query, _signature(name, scope, query, caller, key))), safe="")
    if caller.kind == "webhook":
        tail = f"{name}/" if name in LINKS else f"{name}.json"
        return f"{base}/rest/{caller.user}/{caller.secret}/{tail}?token={token}"
    return f"{base}/rest/{name}.json?auth={caller.secret}&token={token}"


def opened(token: str, name: str, caller: PortalCaller, key: str) -> tuple[str, Map]:
    """Verify a link and return its scope and parameters.

    Raises:
        PortalError: `ACCESS_DENIED` "Link check failed" for an invalid signature.
    """
    scope, query, signature = (*token.split("|"), "", "")[:3]
    expected = _signature(name, scope, query, caller, key)
    if token.count("|") != 2 or not hmac.compare_digest(expected, signature.encode().decode("latin-1")):
        raise link_check_failed()
    params = php.parse_query(base64.b64decode(query).decode("utf-8", "replace"))
    params.pop("_", None)
    return scope, params


def _query(params: Map, nonce: str) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        pairs.extend(_flat(name, value))
    return urlencode([*pairs, ("_", nonce)])


def _flat(name: str, value: Value) -> list[tuple[str, str]]:
    if php.is_array(value):
        return [pair for key, item in php.as_map(value).items() for pair in _flat(f"{name}[{key}]", item)]
    return [(name, php.text(value))]


def _signature(name: str, scope: str, query: str, caller: PortalCaller, key: str) -> str:
    signed = "\n".join((name.lower(), scope, query, str(caller.user), caller.secret))
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
