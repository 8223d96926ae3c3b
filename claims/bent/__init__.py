"""The assumptions bent: dials, finite statements, phase maps, reviewers' questions, images."""
