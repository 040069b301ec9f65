import type pg from 'pg'

/** One event of so many is lost, one is deleted from the database although it was published. */
const oneOf = 25

/**
 * Makes the database behave as if the relay were known to be wrong: some events are marked as published before they are (so they are lost), and
 * of some that are published the row goes (as if their transaction had been rolled back: phantoms). A run has to find both out.
 */
export async function plantLosses(client: pg.Client): Promise<void> {
  await client.query(`create function lose() returns trigger language plpgsql as $$
    begin
      if old.pub_seq is null and new.pub_seq is not null and new.pub_seq % ${oneOf} = 1 then
        new.published_at := clock_timestamp();
      end if;
      return new;
    end $$`)
  await client.query('create trigger lose before update on outbox for each row execute function lose()')
  await client.query(`create function forget() returns trigger language plpgsql as $$
    begin
      delete from outbox where id = new.id;
      return null;
    end $$`)
  await client.query(`create trigger forget after update of published_at on outbox for each row
    when (new.published_at is not null and new.pub_seq % ${oneOf} = 2) execute function forget()`)
}
