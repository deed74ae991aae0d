"""Several relays of one service, frozen and thawed."""
