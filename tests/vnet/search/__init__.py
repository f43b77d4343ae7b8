"""The search: random networks, what is true of them, what the engine must do in them."""
