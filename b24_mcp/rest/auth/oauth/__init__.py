"""Opening a portal by a login of a person (OAuth 2.0) instead of a webhook. Loaded only where one is configured."""

from b24_mcp.rest.auth.oauth.application import Application, authorization_server
from b24_mcp.rest.auth.oauth.authorization import AuthorizationConsent, PendingLogin, begin, install_event, keep_login
from b24_mcp.rest.auth.oauth.login import Login
from b24_mcp.rest.auth.oauth.server import AuthorizationServer
from b24_mcp.rest.auth.oauth.trust import sealed

__all__ = [
    "Application",
    "AuthorizationConsent",
    "AuthorizationServer",
    "Login",
    "PendingLogin",
    "authorization_server",
    "begin",
    "install_event",
    "keep_login",
    "sealed",
]
