"""What is true: pure functions on polars frames, without store or screen."""
