"""Unsubscribing by a link: what a link speaks of (`scope`), the token that carries it (`tokens`), the links of a set of
people (`links`), and what somebody who has one can do (`acting`)."""
