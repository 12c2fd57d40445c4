"""Reading CAdES signatures that stand beside their file (EN 319 122-1); none is made here."""
