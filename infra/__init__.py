"""Pulumi components, one file per thing provisioned."""
