"""The official networks' snapshot files, read as data: nothing in them is ever executed."""
