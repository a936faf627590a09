"""The platform's API: a core of plain Python, and thin adapters for the Workers runtime."""
