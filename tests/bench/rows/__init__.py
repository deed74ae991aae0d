"""The rows of the table, one file each: what is measured, against what, and the goal."""
