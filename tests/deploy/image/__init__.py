"""The image, made and started without an engine for containers: deploy/Dockerfile's own steps in an empty folder."""
