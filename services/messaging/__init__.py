"""What did we say, and why or why not? Templates, messages, conversations, campaigns."""
