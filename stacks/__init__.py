"""The Pulumi program and the typed settings of a stack."""
