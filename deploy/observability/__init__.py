"""What watches an installation from outside: metrics, dashboards, alerts, servers' settings, and what reads spans.

`catalogue` knows every metric that the code declares, `boards` make Grafana's dashboards, `generate` writes what is
made from them: the table in `docs/metrics.md` and the files in `grafana/dashboards`. `walk` follows a journey through
a file of spans.
"""
