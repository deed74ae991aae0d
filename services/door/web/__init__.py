"""HTTP: the server, its limits, headers and traces."""
