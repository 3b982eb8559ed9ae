// Who holds the oldest snapshot of the cluster. While it is held nobody may remove a row that died
// after it, in any table: a queue, whose rows die by the thousand, feels it first.

import type { Driver } from "../driver.ts";
import { type Finding, type Findings, many, ok, period, warning } from "./findings.ts";

/** Seconds, and transactions where nobody knows since when. */
const long = 300;
const manyTransactions = 100_000;

/** What others do can be hidden from us; how old their snapshot is never is. */
const sessions = `SELECT greatest(age(backend_xmin), age(backend_xid)) AS age,
  extract(epoch FROM clock_timestamp() - xact_start)::double precision,
  format('the transaction of %s (pid %s, %s)',
    coalesce('"' || nullif(application_name, '') || '"', 'a program without a name'),
    pid, coalesce(state, 'its state is hidden')),
  'pg_terminate_backend(' || pid || ')'
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
ORDER BY 1 DESC LIMIT 1`;

const prepared = `SELECT age(transaction),
  extract(epoch FROM clock_timestamp() - prepared)::double precision,
  format('the prepared transaction %L of %s', gid, owner),
  format('ROLLBACK PREPARED %L', gid)
FROM pg_prepared_xacts ORDER BY 1 DESC LIMIT 1`;

const slots = `SELECT age(xmin), NULL::double precision,
  format('the replication slot %s (%s)', slot_name,
    CASE WHEN active THEN 'in use' ELSE 'nobody uses it' END),
  format('pg_drop_replication_slot(%L)', slot_name)
FROM pg_replication_slots WHERE xmin IS NOT NULL ORDER BY 1 DESC LIMIT 1`;

type Holder = [age: number, seconds: number | null, who: string, cure: string];

export async function snapshots(driver: Driver): Findings {
  const found: Holder[] = [];
  for (const text of [sessions, prepared, slots])
    found.push(...((await driver.query(text)).rows as Holder[]));
  const harmful = found.filter(isLong).map(complaint);
  if (harmful.length > 0) return harmful;
  return [ok(harmless(found))];
}

function harmless(found: readonly Holder[]): string {
  const [first] = found;
  if (!first) return "none is held";
  const seconds = found.flatMap(([, each]) => each ?? []);
  if (seconds.length === found.length) return `the oldest is ${period(Math.max(...seconds))} old`;
  const hidden = "GRANT pg_read_all_stats to this role to see since when";
  const oldest = Math.max(...found.map(([age]) => age));
  return `the oldest is held for ${many(oldest)} transactions; ${hidden}`;
}

function isLong([age, seconds]: Holder): boolean {
  return seconds === null ? age > manyTransactions : seconds > long;
}

function complaint([age, seconds, who, cure]: Holder): Finding {
  const since = seconds === null ? "" : `since ${period(seconds)} and `;
  const what = `${who} keeps dead rows ${since}for ${many(age)} transactions`;
  return warning(`${what}: end it, by \`${cure}\` if need be`);
}
