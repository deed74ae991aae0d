"""May we, and how would they like it? Consents, channels and quiet hours."""
