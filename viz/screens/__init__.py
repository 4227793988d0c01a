"""The screens, one file each, and what only they need."""
