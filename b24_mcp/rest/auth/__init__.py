"""Credentials: webhooks, OAuth logins, portal addresses."""
