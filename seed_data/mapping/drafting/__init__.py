"""A first mapping for a file: what its columns seem to be, and what a person has to say of them."""
