"""web: what is seen. Calls nothing but the service."""
