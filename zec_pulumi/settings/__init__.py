"""Where settings and credentials come from, and what they may be."""
