"""Pages for people: contacts, requests, the portal. Server-rendered; a small script improves them."""
