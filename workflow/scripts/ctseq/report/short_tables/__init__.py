"""Tables that stay short however many models a study compares, as a page prints them."""
