"""Pages beside the report of a study."""
