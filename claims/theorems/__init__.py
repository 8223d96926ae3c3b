"""The main theorems, a file for each numbered result."""
