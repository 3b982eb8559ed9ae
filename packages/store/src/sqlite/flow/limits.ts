// Limits that somebody set for the jobs of a name, in place of those they were enqueued with.

import { setImmediate as breathe } from "node:timers/promises";
import { checkJobLimit } from "../../rules/limits.ts";
import { checkSource } from "../../rules/new-task.ts";
import type { Driver } from "../driver.ts";
import { sendBack } from "./send-back.ts";
import { promote } from "./slots/promote.ts";
import { Room } from "./slots/room.ts";

const all = "SELECT name, slots FROM concurrency_limits ORDER BY name";

export function limits(driver: Driver): Readonly<Record<string, number>> {
  const rows = driver.tuples(all).all() as unknown as [string, number][];
  return Object.fromEntries(rows);
}

export async function setLimit(
  driver: Driver,
  jobName: string,
  limit: number | null,
): Promise<void> {
  checkJobLimit(jobName, limit);
  await apply(driver, jobName, { limit, source: null });
}

const definedBy = "SELECT name FROM concurrency_limits WHERE source = ?";

export async function defineLimits(
  driver: Driver,
  source: string,
  wanted: Readonly<Record<string, number>>,
): Promise<void> {
  checkSource(source);
  for (const [jobName, limit] of Object.entries(wanted)) checkJobLimit(jobName, limit);
  const before = await driver.read(() => driver.sql(definedBy).all(source));
  for (const { name } of before)
    if (!Object.hasOwn(wanted, name as string))
      await give(driver, name as string, { limit: null, source });
  for (const [jobName, limit] of Object.entries(wanted))
    await give(driver, jobName, { limit, source });
}

interface Wanted {
  readonly limit: number | null;
  /** null: nobody's. */
  readonly source: string | null;
}

const current = "SELECT slots, source FROM concurrency_limits WHERE name = ?";
const set = `INSERT INTO concurrency_limits (name, slots, source) VALUES (?1, ?2, ?3)
  ON CONFLICT (name) DO UPDATE SET slots = ?2, source = ?3`;
const unset = "DELETE FROM concurrency_limits WHERE name = ?";
const awaitedKeys = `SELECT DISTINCT key FROM job_gates INDEXED BY job_gates_waiting
  WHERE waits = 1 AND kind = 'concurrency' AND name = ?`;

/** Jobs that more room lets through, for each transaction. */
const most = 500;

async function give(driver: Driver, jobName: string, { limit, source }: Wanted): Promise<void> {
  // A look first: a runtime says at its start what it has said before.
  const row = await driver.read(() => driver.sql(current).get(jobName));
  if (limit === null ? !row : row?.slots === limit && row.source === source) return;
  await apply(driver, jobName, { limit, source });
}

/** Also where it was so before: some may have come back with slots too many, and are ready. */
async function apply(driver: Driver, jobName: string, { limit, source }: Wanted): Promise<void> {
  await driver.write(() => {
    if (limit === null) driver.sql(unset).run(jobName);
    else driver.sql(set).run(jobName, limit, source);
  });
  await sendBack(driver, jobName);
  const keys = await driver.read(() => driver.tuples(awaitedKeys).all(jobName));
  for (const [key] of keys as unknown as [string][])
    while ((await driver.write(() => promote(new Room(driver), key, { most }))) === most)
      await breathe();
}
