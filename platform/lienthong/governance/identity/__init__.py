"""Who somebody is: tokens and their scopes, second factors, OpenID Connect, OAuth clients."""
