"""The LaTeX source of a paper: its theorems, their numbers, and which of them have claims."""
