"""One file for each kind of link: asks another service, gives a page."""
