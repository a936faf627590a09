"""The auth service's protocol (GoTrue): users, sessions, JWTs. See `routes` for what is left out."""
