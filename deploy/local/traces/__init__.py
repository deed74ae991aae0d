"""Traces without anything to install: takes spans over OTLP/HTTP, keeps the newest in memory, draws them.

What it takes is standard OTLP, so Jaeger, Tempo or a Collector in its place is a change of address.
"""
