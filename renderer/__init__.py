"""The renderer: what runs on the GPU endpoint."""
