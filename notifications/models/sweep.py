"""When each due verb runs next; the row by which tickers elect one of them."""

from __future__ import annotations

from django.db import models


class Sweep(models.Model):
    name = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
