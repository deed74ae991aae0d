"""HTTP: one server inside a process of ours, its limits, bodies, headers, probes and traces."""
