"""What this lab can do besides training, as functions; `epoque.stylegan3` exports them."""
