"""What watches the suite from outside: dashboards, alerts, and what reads exported spans."""
