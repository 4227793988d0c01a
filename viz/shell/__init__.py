"""What screens share: frame, session, background work, elements, toolbar."""
