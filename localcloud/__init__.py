"""What the local stack runs on: Cloudflare, Supabase, RunPod and AWS stand-ins on loopback."""
