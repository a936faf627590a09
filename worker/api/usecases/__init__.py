"""The rules: one module a thing that clients do, on ports, without a word of any client's dialect."""
