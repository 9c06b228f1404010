"""What the e-mail backend is made of, in the order in which a letter travels:

- `words.py`: a `Content` becomes subject, text and HTML; `markup.py`: which HTML of tenants is let through
- `addresses.py`, `headers.py`, `mime.py`, `attachments.py`: the bytes of a letter to one address
- `server.py`: which server takes it; `pool.py`: connections kept to it; `conversation.py`: SMTP; `replies.py`: what an
  answer means; `site.py`: the site's own `EMAIL_BACKEND`, where that is not SMTP
"""
