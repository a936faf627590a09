"""R2 of the local cloud: buckets and objects on disk, and the server that workerd's R2 binding talks to."""
