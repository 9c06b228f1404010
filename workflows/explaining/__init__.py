"""The parts of `explain.py`: one sentence of an explanation (`sentence`), whether somebody was among the recipients and
why not (`audience`), what the record says of each step (`trail`), and what would happen (`future`)."""
