"""The version of the suite, in the one place where it is written: the client package and the services have the same."""

__version__ = "0.7.0"
