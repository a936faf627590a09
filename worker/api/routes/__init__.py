"""One file of routes a family of clients; a family translates and holds no rule of its own."""
