"""Studies that stand on the scorecard: how sure a place is, what would change it, what is to be expected."""
