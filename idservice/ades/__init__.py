"""What PAdES and CAdES have in common: time-stamps over signatures, and carried evidence."""
