"""The studio: every lab live in the browser, served on this machine."""
