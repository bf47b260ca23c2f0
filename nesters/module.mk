# Programs that stand on the border of a space; `cordon NAME` starts them. They use what is public, and nothing else.
NESTERS := tracer procman patho tally
