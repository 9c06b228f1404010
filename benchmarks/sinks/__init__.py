"""Receivers, each in a process of its own and as fast as Python goes, so that they are never what is measured."""
