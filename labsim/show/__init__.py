"""What people are shown: numbers, words, colours, figures, pages, the model described by itself."""
