"""Where requests come from, what may pass, and who they belong to: between the network and the pages."""
