"""Chat: what Slack and Teams have in common, and the markup of each. The backends are `backends/slack.py` and
`backends/teams.py`.

`text` cuts and links, `blocks` makes Block Kit, `card` makes Adaptive Cards, `replies` reads answers, `hook` posts, and
`drawn` reads a message back as its receiver would show it.
"""
