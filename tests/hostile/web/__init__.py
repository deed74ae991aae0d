"""What nobody would send, over HTTP: to the public door and to the console."""
