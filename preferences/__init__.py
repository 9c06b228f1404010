"""What people want. The rest of the project asks it one question: `decision.decide_many()`."""
