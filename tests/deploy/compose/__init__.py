"""deploy/compose.yaml, as the real `docker compose config` resolves it, beside the code that it starts."""
