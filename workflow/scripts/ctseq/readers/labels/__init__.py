"""Label tables, as people save them."""
