"""When, in which order, to whom. The front door is `workflows.trigger.trigger()`."""
