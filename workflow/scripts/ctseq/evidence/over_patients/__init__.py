"""Analyses of the predictions for test patients, replicate by replicate."""
