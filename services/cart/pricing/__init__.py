"""What a cart costs on a channel at a time, and why: pure evaluation, and what it is asked with."""
