"""How tool specs are found in files, whatever holds them."""
