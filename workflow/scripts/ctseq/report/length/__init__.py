"""What keeps a page short, however many models a study compares."""
