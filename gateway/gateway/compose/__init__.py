"""What `docker compose up` does once, before the services start: the files that each needs, and the realm."""
