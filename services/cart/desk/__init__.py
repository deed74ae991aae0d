"""What staff and customers do beside the lines: locks, notes, saving for later."""
