// The server as a whole: how old it is, what stands before it, how it is set up, how full it is.

import type { Driver } from "../driver.ts";
import { type Finding, type Findings, many, ok, warning, wrong } from "./findings.ts";

/** Older ones are no longer mended by their makers. */
const maintained = 150_000;

export async function server(driver: Driver): Findings {
  const sql = "SELECT current_setting('server_version'), pg_is_in_recovery()";
  const { rows } = await driver.query(sql);
  const [version, standby] = rows[0] as [string, boolean];
  if (standby)
    return [wrong("the server is a standby, which only answers reads: connect to the primary")];
  const name = `PostgreSQL ${version}`;
  if (driver.account.version >= maintained) return [ok(name)];
  return [warning(`${name} gets no repairs any more: install version 15 or newer`)];
}

export async function pooler({ account }: Driver): Findings {
  if (!account.pooled) return [ok("none, or one that serves whole sessions")];
  return [ok("one stands between: statements are not prepared, which costs some speed")];
}

const risky: Readonly<Record<string, string>> = {
  fsync: "a power cut can destroy the database",
  full_page_writes: "a power cut can destroy pages of the database",
  synchronous_commit: "jobs that were just enqueued are lost when the server crashes",
  autovacuum: "dead rows stay, and every claim gets slower",
};

/** What this program sets for its own connections says nothing of those of applications. */
const values = `SELECT name FROM pg_settings
  WHERE name = ANY ($1::text[]) AND setting = 'off' AND source <> 'client'`;

export async function settings(driver: Driver): Findings {
  const { rows } = await driver.query(values, [Object.keys(risky)]);
  if (rows.length === 0) return [ok("commits are durable and autovacuum is on")];
  return (rows as [string][]).map(([name]) =>
    warning(`${name} is off: ${risky[name]}; turn it on in postgresql.conf`),
  );
}

/** Above this share, the next deploy may not get in. */
const crowded = 0.8;

const used = `SELECT current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true)::integer, 0),
  (SELECT sum(numbackends)::integer FROM pg_stat_database)`;

export async function connections(driver: Driver): Findings {
  const { rows } = await driver.query(used);
  const [most, taken] = rows[0] as [number, number];
  const detail = `${many(taken)} of ${many(most)} are taken`;
  const finding: Finding =
    taken > most * crowded
      ? warning(`${detail}: raise max_connections, or put a pooler before the applications`)
      : ok(detail);
  return [finding];
}
