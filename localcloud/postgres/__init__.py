"""The local cloud's database: PostgreSQL from a wheel, prepared as a new Supabase project is."""
