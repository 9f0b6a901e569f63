"""Opening a portal by a login of a person (OAuth 2.0) instead of a webhook. Loaded only where one is configured."""

from b24_mcp.rest.oauth.application import Application, authorization_server
from b24_mcp.rest.oauth.authorizing import Consent, Pending, begin, install_event, keep_login
from b24_mcp.rest.oauth.login import Login
from b24_mcp.rest.oauth.server import AuthorizationServer
from b24_mcp.rest.oauth.trusting import sealed

__all__ = [
    "Application",
    "AuthorizationServer",
    "Consent",
    "Login",
    "Pending",
    "authorization_server",
    "begin",
    "install_event",
    "keep_login",
    "sealed",
]
