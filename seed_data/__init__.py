"""What a store starts with: reference lists, the demo register and what is needed to load a real one."""
