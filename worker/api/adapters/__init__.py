"""The ports, made of what the Workers runtime offers; only modules in here may import `js` and `pyodide`."""
