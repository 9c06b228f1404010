"""What providers tell us by themselves: that a message arrived or did not, that somebody complained, that a number said
STOP. A scheme checks who speaks and reads what was said into events; `receipts.py` writes them down.
"""
