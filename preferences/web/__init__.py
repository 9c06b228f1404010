"""The pages of this app: all settings of a person, and unsubscribing without having signed in."""
