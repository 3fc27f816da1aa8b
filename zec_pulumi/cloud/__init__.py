"""Reads and waiting: what the API says now, batched, and when it is asked again."""
