// Sets what is true of every job of a queue. Jobs that are enqueued from now on get its gates by
// themselves (jobs/insert.ts); those that wait get them in regate.ts.

import { setImmediate as breathe } from "node:timers/promises";
import type { QueueSettings } from "../../flow.ts";
import { checkSettings } from "../../rules/limits.ts";
import { checkSource } from "../../rules/new-task.ts";
import type { Driver } from "../driver.ts";
import { allSettings } from "./queue-settings.ts";
import { jobsOf, regateAll } from "./regate.ts";

export async function setQueue(
  driver: Driver,
  queue: string,
  settings: QueueSettings | null,
): Promise<void> {
  await give(driver, queue, { settings: checkSettings(queue, settings), source: null });
}

const definedBy = "SELECT name FROM queue_settings WHERE source = ?";

/** One queue after the other: each is as it should be before the next is begun. */
export async function defineQueues(
  driver: Driver,
  source: string,
  settings: Readonly<Record<string, QueueSettings>>,
): Promise<void> {
  checkSource(source);
  const wanted = new Map<string, QueueSettings | null>();
  const before = await driver.read(() => driver.sql(definedBy).all(source));
  for (const { name } of before) wanted.set(name as string, null);
  for (const [queue, each] of Object.entries(settings))
    wanted.set(queue, checkSettings(queue, each));
  for (const [queue, each] of wanted) await give(driver, queue, { settings: each, source });
}

interface Wanted {
  readonly settings: QueueSettings | null;
  /** null: nobody's. */
  readonly source: string | null;
}

/** Jobs in each transaction. */
const size = 200;
const finish = "UPDATE queue_settings SET applied = 1 WHERE name = ?";

async function give(driver: Driver, queue: string, wanted: Wanted): Promise<void> {
  // A look first: a runtime says at its start what it has said before.
  if (await driver.read(() => isApplied(driver, queue, wanted))) return;
  await driver.write(() => store(driver, queue, wanted));
  const { settings } = wanted;
  // The most urgent first, so that the slots go to those who would have had them.
  const ids = await driver.readTogether(() => jobsOf(driver, queue));
  for (let at = 0; at < ids.length; at += size) {
    const some = ids.slice(at, at + size);
    await driver.write(() => regateAll(driver, some, { queue, settings }));
    await breathe();
  }
  if (settings) await driver.write(() => driver.sql(finish).run(queue));
}

const current = "SELECT source, applied FROM queue_settings WHERE name = ?";

/** False where somebody began and did not get to the end. */
function isApplied(driver: Driver, queue: string, { settings, source }: Wanted): boolean {
  const row = driver.sql(current).get(queue);
  if (!row || settings === null) return false;
  const same = JSON.stringify(allSettings(driver).get(queue)) === JSON.stringify(settings);
  return same && row.source === source && row.applied === 1;
}

const remove = "DELETE FROM queue_settings WHERE name = ?";
const insert = `INSERT INTO queue_settings
  (name, slots, rate_limit, rate_per_ms, rate_burst, fair, source) VALUES (?, ?, ?, ?, ?, ?, ?)`;

function store(driver: Driver, queue: string, { settings, source }: Wanted): void {
  driver.sql(remove).run(queue);
  if (settings === null) return;
  const { slots, rate, fair } = settings;
  const { limit = null, perMs = null, burst = null } = rate ?? {};
  driver.sql(insert).run(queue, slots, limit, perMs, burst, Number(fair), source);
}
