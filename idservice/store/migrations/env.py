"""Run by Alembic: apply migrations on the connection, and in the transaction, that is given."""

from alembic import context

from idservice.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
