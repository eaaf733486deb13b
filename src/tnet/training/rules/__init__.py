"""What the rules of parameters do while training: one property a file."""
