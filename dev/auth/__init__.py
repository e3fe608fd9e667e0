"""
A stand-in for Supabase Auth: what `@supabase/auth-js` needs to log people in, for one machine.

    POST /auth/v1/signup, /auth/v1/token?grant_type=password|refresh_token|pkce, /auth/v1/logout,
         /auth/v1/recover, /auth/v1/otp, /auth/v1/resend, /auth/v1/verify
    GET  /auth/v1/user, /auth/v1/verify, /auth/v1/settings, /auth/v1/.well-known/jwks.json
    PUT  /auth/v1/user
    GET  /inbox: the letters that a project would have sent; /health

It works on the tables of `dev/platform.sql`, signs by ES256 with a key it makes when it starts, and
answers in Supabase Auth's shapes, so that the same dashboard logs in at a real project by settings
alone. Whoever can sign up here is let in without a confirmed address: so it runs on the loopback
address only, in no installation but a local one, and not on a real project's database.
"""
