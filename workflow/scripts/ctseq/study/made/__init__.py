"""What a study has made, and what may be made: its files, and what stands on shared data."""
