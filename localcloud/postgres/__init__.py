"""The local cloud's database: PostgreSQL from a wheel, prepared as a Supabase project is before its first migration."""
