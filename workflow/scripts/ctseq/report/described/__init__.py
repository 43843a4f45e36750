"""What models and encoders are, in words and tables."""
