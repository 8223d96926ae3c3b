"""The models trained under assumptions that are less than true."""
