"""
Instagram towards us: owners who log in, and what Meta tells of those who leave.

    dashboard ─POST logins─▶ a state of theirs ─▶ Instagram's consent page
                                                        │ code, state
    dashboard ◀─ fragment ─ GET /instagram/callback ◀───┘
        └─ POST logins/complete ─▶ token, both ids, what was granted ─▶ connected, subscribed

Instagram's page sends whoever stood before it back to us: that need not be who began the login. So
nothing is done there. The code goes on to the dashboard, and only the person who began, logged in
with us, completes it: nobody can be talked into connecting their account to somebody else's
workspace.

What Meta posts when an owner removes the app, or wants their data deleted, is signed with our app's
secret (`signed_request`), which is all that tells it from anybody's.
"""
