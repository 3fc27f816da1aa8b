"""Carries a planned rebuild out: validate, power off, send, wait, verify."""
