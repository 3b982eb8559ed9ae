// Limits that somebody set for the jobs of a name, in place of those they were enqueued with.

import { checkJobLimit } from "../../rules/limits.ts";
import { checkSource } from "../../rules/new-task.ts";
import type { Driver } from "../driver.ts";
import type { Announcer } from "../watch/announce.ts";
import { announceReconciled, takeUp, writeAndReconcile } from "./reconcile.ts";

const all = "SELECT name, slots, source FROM queue_runtime.concurrency_limits ORDER BY name";

type LimitRow = readonly [name: string, slots: number, source: string | null];

export async function limits(driver: Driver): Promise<Readonly<Record<string, number>>> {
  const rows = (await driver.query(all)).rows as readonly LimitRow[];
  return Object.fromEntries(rows.map(([name, slots]) => [name, slots]));
}

interface Wanted {
  readonly jobName: string;
  readonly limit: number | null;
  /** null: nobody's. */
  readonly source: string | null;
}

const set = `INSERT INTO queue_runtime.concurrency_limits (name, slots, source)
  VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET slots = EXCLUDED.slots, source = EXCLUDED.source`;
const unset = "DELETE FROM queue_runtime.concurrency_limits WHERE name = $1";
/** One of those who wait for each key: what is done for one is done for the key. */
const touchWaiting = `INSERT INTO queue_runtime.touched (job_id)
  SELECT min(job_id) FROM queue_runtime.job_gates
  WHERE waits AND kind = 'concurrency' AND name = $1 GROUP BY key`;

const sendBack = "SELECT queue_runtime.send_back($1, $2)";
/** Jobs in each transaction. */
const size = 1_000;

export async function setLimit(
  driver: Driver,
  announcer: Announcer,
  { jobName, limit, source }: Wanted,
): Promise<void> {
  checkJobLimit(jobName, limit);
  await driver.write(
    [
      limit === null ? [unset, [jobName]] : [set, [jobName, limit, source]],
      [touchWaiting, [jobName]],
    ],
    { long: true },
  );
  for (let sent = size; sent > 0; ) {
    const statements = [[sendBack, [jobName, size]]] as const;
    const [answer] = await writeAndReconcile(driver, announcer, { statements, long: true });
    [sent] = answer!.rows[0] as [number];
  }
  const ready = await takeUp(driver, announcer);
  announceReconciled(announcer, { ready, more: false, rests: false });
}

export async function defineLimits(
  driver: Driver,
  announcer: Announcer,
  {
    source,
    wanted,
  }: { readonly source: string; readonly wanted: Readonly<Record<string, number>> },
): Promise<void> {
  checkSource(source);
  for (const [jobName, limit] of Object.entries(wanted)) checkJobLimit(jobName, limit);
  const rows = (await driver.query(all)).rows as readonly LimitRow[];
  // A look first: a runtime says at its start what it has said before.
  const before = new Map(rows.map(([name, slots, owner]) => [name, { slots, owner }]));
  for (const [jobName, { owner }] of before)
    if (owner === source && !Object.hasOwn(wanted, jobName))
      await setLimit(driver, announcer, { jobName, limit: null, source });
  for (const [jobName, limit] of Object.entries(wanted)) {
    const known = before.get(jobName);
    if (known?.slots !== limit || known.owner !== source)
      await setLimit(driver, announcer, { jobName, limit, source });
  }
}
