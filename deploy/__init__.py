"""How the suite is put on a machine."""
