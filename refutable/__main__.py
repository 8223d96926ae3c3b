"""`python -m claims` is the console script `claims`."""

from claims.cli import main

main()
