"""What is measured in the store and on the machine, one subject a file."""
