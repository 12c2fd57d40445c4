"""Everything durable: one schema, one module per thing stored; the only importer of SQLAlchemy.

Functions of the store take an open connection first, so that the service decides
what belongs to one transaction.
"""
