"""The clock and deadlines; leaves that everything may import."""
