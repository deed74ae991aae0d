"""The backends of four channels, as a company would write them: they know the client package and nothing else of ours.

Each runs as a process with its own token: `python -m deploy.demo.channels web-shop TOKEN_FILE`.
"""
