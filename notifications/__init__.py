"""Words and the inbox: people, content, what each person has been told, and what they have read."""
