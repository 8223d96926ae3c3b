"""MAE against contrastive learning."""
