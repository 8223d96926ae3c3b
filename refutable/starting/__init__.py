"""What a new file, or project, of claims starts from."""
