"""A whole team server as it is deployed: several servers, Redis, nginx with TLS."""
