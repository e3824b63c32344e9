"""What this lab can do besides training, as functions; `epoque.language` exports them."""
