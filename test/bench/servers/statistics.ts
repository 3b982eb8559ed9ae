// What PostgreSQL counted for one database: commits, log bytes, row versions, statements.

import { execute } from "../../support/postgres/databases.ts";
import { waitFor } from "../../support/wait-for.ts";

export interface Counts {
  readonly commits: number;
  /** Of the write-ahead log. */
  readonly walBytes: number;
  /** Versions of rows that updates and deletes left behind. */
  readonly deadRows: number;
  /** As clients sent them, `BEGIN` and `COMMIT` included; not PostgreSQL's checks of foreign keys. */
  readonly statements: number;
}

const counts = `
  SELECT
    (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits,
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS "walBytes",
    (SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables) AS "deadRows",
    (SELECT sum(calls) FROM pg_stat_statements AS called JOIN pg_database AS here
       ON here.oid = called.dbid AND here.datname = current_database()
     WHERE query NOT LIKE 'SELECT % FROM ONLY % FOR KEY SHARE OF x') AS statements`;

export async function readCounts(url: string): Promise<Counts> {
  const [row] = await execute<Record<keyof Counts, string | null>>(url, counts);
  return {
    commits: Number(row!.commits),
    walBytes: Number(row!.walBytes),
    deadRows: Number(row!.deadRows),
    statements: Number(row!.statements),
  };
}

/** Connections hand in what they counted when they end. */
export async function untilCounted(url: string): Promise<void> {
  const others = `SELECT count(*) AS count FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'`;
  const alone = async () => Number((await execute<{ count: string }>(url, others))[0]!.count) === 0;
  await waitFor(alone, { deadlineMs: 10_000, everyMs: 20, what: "the end of all connections" });
}
