"""What counts only so often: codes for one order each, and offers with a limit; reserved, confirmed, given back."""
