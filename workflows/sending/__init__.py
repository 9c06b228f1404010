"""What a `send` is made of, whatever its kind: who is told (`people`, `teams`), which words (`template`, `words`), and
what carries them (`carry`)."""
