"""The on-call tool: local cloud, smoke tests and, later, releases, secrets, jobs and logs."""
