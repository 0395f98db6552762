"""Everything between the network and the pages: where requests come from, what may pass, and who they belong to."""
