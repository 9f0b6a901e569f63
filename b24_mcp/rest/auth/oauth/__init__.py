"""OAuth 2.0: a login as the credential of a portal. This package is imported only where a login is configured."""

from b24_mcp.rest.auth.oauth.application import Application, authorization_server
from b24_mcp.rest.auth.oauth.authorization import (
    AuthorizationConsent,
    PendingLogin,
    begin_login,
    read_install_event,
    save_login,
)
from b24_mcp.rest.auth.oauth.login import Login
from b24_mcp.rest.auth.oauth.person_login import PersonLogin
from b24_mcp.rest.auth.oauth.server import AuthorizationServer
from b24_mcp.rest.auth.oauth.trust import sealed

__all__ = [
    "Application",
    "AuthorizationConsent",
    "AuthorizationServer",
    "Login",
    "PendingLogin",
    "PersonLogin",
    "authorization_server",
    "begin_login",
    "read_install_event",
    "save_login",
    "sealed",
]
