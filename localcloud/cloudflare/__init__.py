"""Cloudflare's API v4, emulated for one account on this machine: state in SQLite, workers run by the edge."""
