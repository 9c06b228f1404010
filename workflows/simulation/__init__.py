"""The parts of `simulate.py`: who plays (`cast`), what happens and when (`events`), the stage and its clock (`stage`,
`play`), and what is told of it afterwards (`timeline`, `record`)."""
