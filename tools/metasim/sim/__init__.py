"""
The control API: what somebody does on Instagram, and what came of it.

`accounts` sets the stage, `commenting`, `happenings` and `elsewhere` let people act, `deliveries`
plays with webhooks, `questions` tells what happened. A wrong request is answered with a problem
(RFC 9457) that names the field.
"""
