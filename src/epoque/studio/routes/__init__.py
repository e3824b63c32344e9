"""What the studio answers over HTTP, one file a noun."""
