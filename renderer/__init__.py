"""The renderer: the handler that runs on the GPU endpoint, here without a GPU."""
