"""Mail by SMTP: the server's settings, one conversation, a pool of them, the mail itself, and what an answer means."""
