"""RunPod's serverless API on loopback: a queue, one worker that scales from zero, and webhooks."""
