"""
A stand-in for Supabase Auth: what `@supabase/auth-js` needs to log people in, for one machine.

    POST /auth/v1/signup, /auth/v1/token?grant_type=password|refresh_token, /auth/v1/logout
    GET  /auth/v1/user, /auth/v1/.well-known/jwks.json, /health

It works on the tables of `dev/platform.sql`, signs by ES256 with a key it makes when it starts, and
answers in Supabase Auth's shapes, so that the same dashboard logs in at a real project by settings
alone. Whoever can sign up here is let in without a confirmed address: so it runs on the loopback
address only, in no installation but a local one, and not on a real project's database.
"""
