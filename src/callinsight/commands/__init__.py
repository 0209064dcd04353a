"""The commands, one module for each group of like ones; imported only when called."""
