"""What the two PyTorch labs share; PyTorch is imported when a function is called."""
