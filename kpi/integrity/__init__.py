"""Signs in what agencies claim: what is unusual, and how often chance alone brings it about. No score depends on them."""
