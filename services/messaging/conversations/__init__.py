"""What is said with customers, whatever the channels."""
