"""The model: its words, its rules, the order of one week (`week.py`: read it first), its outcomes."""
