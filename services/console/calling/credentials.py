"""By what the console knows that it speaks with the suite."""

import grpc

from services.console.settings import ConsoleSettings


def credentials_of(settings: ConsoleSettings) -> grpc.ChannelCredentials | None:
    """Give what connections are made with; None for plaintext. Raises OSError where the certificates are missing."""
    if settings.plaintext:
        return None
    file = settings.root_certificates_file
    return grpc.ssl_channel_credentials(file.read_bytes() if file else None)
