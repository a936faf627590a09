"""PostgREST's protocol on the local database. See `routes` for what is left out."""
