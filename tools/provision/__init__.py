"""Set-up: a virtual environment, Node's packages and the Pulumi engine. Standard library only."""
