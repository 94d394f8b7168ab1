"""Floor 7: identity. Tokens, OAuth 2.0, OpenID Connect, passkeys, people."""
