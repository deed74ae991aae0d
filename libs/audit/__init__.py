"""The audit log of a service: who was refused, and who read what is personal."""
