"""The configuration: its checks, and the study that it describes."""
