"""
Telling the system under test what happened, as Meta would.

`events` gives each happening Meta's shape, `envelope` puts events into a body, `signing` escapes
and signs its bytes, and `courier` takes them there, again and again until they are accepted.
"""
