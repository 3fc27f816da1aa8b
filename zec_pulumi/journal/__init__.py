"""What survives a killed run on this computer: attempts, locks, and what they tell the next run."""
