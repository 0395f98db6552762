"""The indicators: their declarations, the scorecard computed from them, and the ranking as it is read."""
