"""What can be known of a study before its encoders run, and what is wrong with it."""
