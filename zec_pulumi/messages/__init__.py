"""Every sentence about a resource that a user reads, and what reads it back."""
