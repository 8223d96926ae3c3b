"""What is studied: the data model, the two one-layer ViTs, their gradients and their dynamics."""
