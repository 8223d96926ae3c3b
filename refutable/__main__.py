"""`python -m refutable` is the console script `claims`."""

from refutable.cli import main

main()
