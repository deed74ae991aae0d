"""What `deploy/compose.yaml` needs beside images: secrets for its programs, and settings of what watches them."""
