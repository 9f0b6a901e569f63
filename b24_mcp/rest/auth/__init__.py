"""Credentials of a portal: incoming webhooks and OAuth logins, and the portal's address."""
