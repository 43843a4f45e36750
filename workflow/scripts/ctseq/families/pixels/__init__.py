"""Training of whole models on pixels, as opposed to heads on the features of a frozen one."""
