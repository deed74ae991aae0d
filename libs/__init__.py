"""What two or more services need."""
