"""Programs that hypothesis writes, as other people write them, and what becomes of them: preview, report, up, up."""
