"""Parts crash under load and come back. `make test-faults` goes through every fault several times."""
