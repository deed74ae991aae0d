"""What preference reads from its environment: what all services read, and nothing more."""

from libs.settings import ServiceSettings


class PreferenceSettings(ServiceSettings):
    """The settings of preference."""
