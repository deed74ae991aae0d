"""Manifests for Kubernetes, and the two small programs that go with them (docs/kubernetes.md)."""
