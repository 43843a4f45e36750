"""What users give: configurations by their schema, the files that they come from, and messages."""
