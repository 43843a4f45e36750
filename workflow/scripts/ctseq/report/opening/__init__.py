"""What a page opens with: question, verdict, one table, the next step, and what was missed."""
