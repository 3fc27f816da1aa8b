"""What a user's program imports; nothing heavy but the SDK, so that programs start fast."""
