"""
The Graph API of the Instagram Platform, on any host, with or without a version in the path.

`calls` reads a call and finds whose token it carries; `messages`, `comments`, `nodes` and
`conversations` answer it, each handler a plain function from a call to an answer; `door` stands
around them: it misbehaves on request, keeps the books, and sends echoes. `login` is the OAuth side.
"""
