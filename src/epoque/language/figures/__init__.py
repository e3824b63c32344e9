"""What is drawn of a run of the language lab."""
