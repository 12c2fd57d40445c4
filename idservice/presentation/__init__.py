"""Reports in the forms that other programs know: SiVa's JSON, and the XML of ETSI."""
