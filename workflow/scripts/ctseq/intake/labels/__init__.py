"""Labels of a table joined to slices and scans, and what is wrong with them."""
