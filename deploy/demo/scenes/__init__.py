"""What happens, in order: each scene lets channels act, and proves what a customer would notice."""
