"""Traces, logs and metrics, all of them told by journey; nothing here knows a service."""
