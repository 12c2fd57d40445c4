"""PDF files: read strictly with qpdf, extended by appending. Knows nothing of signatures' CMS."""
