"""Decisions as pure functions on data: no clock, no client, no disk."""
