"""What a newcomer starts: `make demo` and `make up`, as whole processes."""
