"""What stands before every page: who is signed in, what may come in, what may go out."""
