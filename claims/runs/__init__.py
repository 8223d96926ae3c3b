"""The trainings that several claims are measured on, each made once."""
