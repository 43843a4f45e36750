"""From a reader's files to checked, labelled slices and patients."""
