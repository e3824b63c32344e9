"""The system below: memory, processes, environment, and what keeps compiled programs."""
