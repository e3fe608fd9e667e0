"""
One package for each process, each with the same door: `__main__` starts it, `app.assemble`
wires it on one page, `settings` says what it needs from its environment.
"""
