"""Ways of learning from features or pixels, one module each."""
