"""Explaining what a file is and what is in it, for people and programs; nothing is believed."""
