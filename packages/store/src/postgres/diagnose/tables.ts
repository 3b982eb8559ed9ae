// The tables that change all the time: whether their dead rows are removed, and whether an index
// has grown far beyond what its live rows need.

import type { Driver } from "../driver.ts";
import { type Findings, many, megabytes, ok, period, warning } from "./findings.ts";

/** Ten times what wakes autovacuum on the table of jobs. */
const manyDead = 50_000;

const vacuumed = `SELECT relname, n_live_tup, n_dead_tup,
  extract(epoch FROM clock_timestamp() - greatest(last_autovacuum, last_vacuum))::double precision
FROM pg_stat_all_tables WHERE schemaname = $1 AND relname IN ('jobs', 'processes')
ORDER BY relname`;

type Vacuumed = [table: string, live: number, dead: number, secondsAgo: number | null];

export async function deadRows(driver: Driver): Findings {
  const { rows } = await driver.query(vacuumed, [driver.account.schema]);
  if (rows.length === 0) return [ok("there are no tables yet")];
  return (rows as Vacuumed[]).map(([table, live, dead, secondsAgo]) => {
    const when = secondsAgo === null ? "never vacuumed" : `vacuumed ${period(secondsAgo)} ago`;
    const detail = `${table} has ${many(dead)} dead rows and ${many(live)} live ones, ${when}`;
    if (dead < manyDead || dead < live) return ok(detail);
    const why = "autovacuum cannot keep up, or an old snapshot keeps them";
    return warning(`${detail}: ${why}; see snapshots and settings`);
  });
}

/** An index is too large above this, in bytes, if it is also so many times what it needs. */
const large = 50 * 1_048_576;
const times = 10;
/** What an entry takes, with room for long names. */
const entryBytes = 150;

const sizes = `SELECT index.relname, pg_relation_size(index.oid),
  greatest(0, table_.reltuples, pg_stat_get_live_tuples(table_.oid))::bigint
FROM pg_class AS table_ JOIN pg_namespace AS space ON space.oid = table_.relnamespace
  JOIN pg_index ON pg_index.indrelid = table_.oid
  JOIN pg_class AS index ON index.oid = pg_index.indexrelid
WHERE space.nspname = $1 AND table_.relname IN ('jobs', 'processes')
ORDER BY pg_relation_size(index.oid) DESC`;

type Size = [index: string, bytes: number, rows: number];

export async function indexes(driver: Driver): Findings {
  const { schema } = driver.account;
  const found = (await driver.query(sizes, [schema])).rows as Size[];
  const bloated = found.filter(
    ([, bytes, rows]) => bytes > large && bytes > times * rows * entryBytes,
  );
  if (bloated.length > 0)
    return bloated.map(([index, bytes, rows]) => {
      const cure = `REINDEX INDEX CONCURRENTLY ${schema}.${index}`;
      return warning(`${index} has ${megabytes(bytes)} for ${many(rows)} live rows: run ${cure}`);
    });
  const total = found.reduce((sum, [, bytes]) => sum + bytes, 0);
  return [ok(`${megabytes(total)} for the jobs that are alive`)];
}
