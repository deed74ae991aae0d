"""Everything between the wire and a servicer: the door, its keys, and the clients that call other services."""
