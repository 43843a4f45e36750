"""From the configuration to what rules ask of a study."""
