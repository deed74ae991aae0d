"""The five services that keep one customer on one thread."""
