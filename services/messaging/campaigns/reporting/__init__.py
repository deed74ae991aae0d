"""What campaigns achieved: orders that are their success, and the numbers."""
