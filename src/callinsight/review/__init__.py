"""What the improvement meeting has on paper and on screen."""
