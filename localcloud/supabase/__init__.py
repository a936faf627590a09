"""The local cloud's Supabase: REST and auth on the local database; no realtime, storage or functions."""

from localcloud.supabase.keys import anon_key, service_role_key

__all__ = ["anon_key", "service_role_key"]
