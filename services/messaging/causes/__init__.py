"""What lets a message come to be: what other services announced."""
