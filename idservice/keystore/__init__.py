"""Where private keys are kept: key files, keys wrapped under a PIN, card files."""
