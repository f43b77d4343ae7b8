"""What people paste, and what is read from it."""
