"""The commands and their arguments, each group in a module; what they do is beside this package."""
