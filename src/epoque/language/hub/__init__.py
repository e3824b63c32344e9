"""Models as transformers reads them: opened, saved, described, pushed to the Hub."""
