"""The pages of the site itself: the way in, and the playground."""
