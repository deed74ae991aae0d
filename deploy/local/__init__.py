"""The whole suite on one machine, with nothing but Python."""
