"""The throw-away PostgreSQL that other tests stand on."""

import sqlalchemy


def test_every_test_gets_an_empty_database(postgres_url: str) -> None:
    """The address leads to a running server and to a database without a single table."""
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.connect() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE left_behind (id integer)"))
        connection.commit()
    engine.dispose()


def test_nothing_is_left_from_another_test(postgres_url: str) -> None:
    """What one test created, the next does not see."""
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.connect() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
    engine.dispose()
