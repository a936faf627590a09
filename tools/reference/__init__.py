"""The API's reference for people, made from the routes that serve."""
