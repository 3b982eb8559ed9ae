// Ends that somebody is to be told of, and was not yet.

import type { CommandJob } from "../../store/command.ts";
import type { Driver } from "../driver.ts";
import { commandColumns, toCommandJob } from "./rows.ts";

const most = 1_000;

const some = `SELECT EXISTS (SELECT 1 FROM commands INDEXED BY commands_untold
  WHERE untold = '' OR untold = ?)`;
const take = `UPDATE commands
  SET untold = CASE WHEN (SELECT finished_at FROM jobs WHERE id = job_id) >= ? THEN ? END
  WHERE job_id IN (SELECT job_id FROM commands INDEXED BY commands_untold WHERE untold = ''
    ORDER BY job_id LIMIT ${most})
  RETURNING job_id, untold`;
const before = `SELECT job_id FROM commands INDEXED BY commands_untold WHERE untold = ?
  ORDER BY job_id LIMIT ${most}`;
const these = `SELECT ${commandColumns} FROM json_each(?) AS wanted
  CROSS JOIN jobs ON jobs.id = wanted.value CROSS JOIN commands ON commands.job_id = jobs.id
  ORDER BY jobs.id`;

export function isSomeUntold(driver: Driver, host: string): boolean {
  return driver.value(some, host) === 1;
}

export function untold(
  driver: Driver,
  host: string,
  { since, again }: { readonly since: number; readonly again: boolean },
): readonly CommandJob[] {
  const owed = again ? (driver.tuples(before).all(host) as unknown as [number][]) : [];
  const taken = driver.tuples(take).all(since, host) as unknown as [number, string | null][];
  const ids = [...owed, ...taken.filter(([, by]) => by !== null)].map(([id]) => id);
  const now = driver.now();
  const rows = driver.tuples(these).all(JSON.stringify(ids));
  return rows.map((row) => toCommandJob(row, now));
}

const forget = "UPDATE commands SET untold = NULL WHERE job_id IN (SELECT value FROM json_each(?))";

export function told(driver: Driver, ids: readonly number[]): void {
  driver.sql(forget).run(JSON.stringify(ids));
}
