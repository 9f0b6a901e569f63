"""HTTP requests to a portal and their answers: encoding, connections, parsing."""
