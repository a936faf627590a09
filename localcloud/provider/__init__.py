"""A Pulumi provider for Cloudflare: the official resource classes, served by a table of REST resources."""
