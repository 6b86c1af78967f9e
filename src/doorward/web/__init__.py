"""What every HTTP edge shares: reading requests, cookies, CSRF, errors as answers, middleware. Knows no route."""
