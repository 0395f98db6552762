"""Reports: what is owed and was received, the periods, who has reported, and what records lack."""
