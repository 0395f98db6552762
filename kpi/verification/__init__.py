"""Looking at what agencies claim: which claims are drawn, and how far the others can be relied on by what was found."""
