// Sets what is true of every job of a queue. Jobs that are enqueued from now on get its gates by
// themselves; those that wait get them here, some at a time. Until all have them, the settings say
// that they are not applied yet: whoever maintains goes on where somebody stopped.

import { setImmediate as breathe } from "node:timers/promises";
import type { QueueSettings } from "../../flow.ts";
import { checkSettings } from "../../rules/limits.ts";
import { checkSource } from "../../rules/new-task.ts";
import type { Driver } from "../driver.ts";
import type { Announcer } from "../watch/announce.ts";
import { writeAndReconcile } from "./reconcile.ts";

const all = `SELECT name, slots, rate_limit, rate_per_ms, rate_burst, fair, source, applied
  FROM queue_runtime.queue_settings ORDER BY name`;

type SettingsRow = readonly [
  name: string,
  slots: number | null,
  limit: number | null,
  perMs: number | null,
  burst: number | null,
  fair: boolean,
  source: string | null,
  applied: boolean,
];

interface Stored {
  /** null: they were taken back, and not all of its jobs know it. */
  readonly settings: QueueSettings | null;
  readonly source: string | null;
  readonly applied: boolean;
}

async function stored(driver: Driver): Promise<ReadonlyMap<string, Stored>> {
  const rows = (await driver.query(all)).rows as readonly SettingsRow[];
  return new Map(rows.map((row) => [row[0], toStored(row)]));
}

function toStored([, slots, limit, perMs, burst, fair, source, applied]: SettingsRow): Stored {
  const rate = limit === null ? null : { limit, perMs: perMs!, burst: burst! };
  const isSet = slots !== null || rate !== null || fair;
  return { settings: isSet ? { slots, rate, fair } : null, source, applied };
}

export async function allSettings(driver: Driver): Promise<ReadonlyMap<string, QueueSettings>> {
  const found = [...(await stored(driver))];
  return new Map(found.flatMap(([name, { settings }]) => (settings ? [[name, settings]] : [])));
}

interface Wanted {
  readonly queue: string;
  readonly settings: QueueSettings | null;
  /** null: nobody's. */
  readonly source: string | null;
}

const set = `INSERT INTO queue_runtime.queue_settings
  (name, slots, rate_limit, rate_per_ms, rate_burst, fair, source)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET slots = EXCLUDED.slots,
  rate_limit = EXCLUDED.rate_limit, rate_per_ms = EXCLUDED.rate_per_ms,
  rate_burst = EXCLUDED.rate_burst, fair = EXCLUDED.fair, source = EXCLUDED.source,
  applied = false`;

export async function setQueue(
  driver: Driver,
  announcer: Announcer,
  { queue, settings, source }: Wanted,
): Promise<void> {
  const checked = checkSettings(queue, settings);
  const before = (await stored(driver)).get(queue);
  if (!before && checked === null) return;
  const { slots = null, rate = null, fair = false } = checked ?? {};
  const { limit = null, perMs = null, burst = null } = rate ?? {};
  await driver.write([[set, [queue, slots, limit, perMs, burst, fair, source]]]);
  await apply(driver, announcer, queue);
}

/** One queue after the other: each is as it should be before the next is begun. */
export async function defineQueues(
  driver: Driver,
  announcer: Announcer,
  given: { readonly source: string; readonly wanted: Readonly<Record<string, QueueSettings>> },
): Promise<void> {
  const { source, wanted } = given;
  checkSource(source);
  const checked = new Map(
    Object.entries(wanted).map(([queue, each]) => [queue, checkSettings(queue, each)]),
  );
  const before = await stored(driver);
  for (const [queue, { source: owner, settings }] of before)
    if (owner === source && settings && !checked.has(queue))
      await setQueue(driver, announcer, { queue, settings: null, source });
  for (const [queue, settings] of checked) {
    const known = before.get(queue);
    // A look first: a runtime says at its start what it has said before.
    const same = JSON.stringify(known?.settings) === JSON.stringify(settings);
    if (same && known?.source === source && known.applied) continue;
    await setQueue(driver, announcer, { queue, settings, source });
  }
}

/** Where somebody began and did not get to the end. */
export async function finishSettings(driver: Driver, announcer: Announcer): Promise<void> {
  for (const [queue, { applied }] of await stored(driver))
    if (!applied) await apply(driver, announcer, queue);
}

/** Jobs per transaction. */
const size = 500;
const regate = "SELECT queue_runtime.regate_queue($1, $2::bigint, $3)";
const finish = `UPDATE queue_runtime.queue_settings SET applied = true
  WHERE name = $1 AND (slots IS NOT NULL OR rate_limit IS NOT NULL OR fair)`;
const forget = `DELETE FROM queue_runtime.queue_settings
  WHERE name = $1 AND slots IS NULL AND rate_limit IS NULL AND NOT fair`;

async function apply(driver: Driver, announcer: Announcer, queue: string): Promise<void> {
  for (let beyond: number | null = 0; beyond !== null; await breathe()) {
    const statements = [[regate, [queue, beyond, size]]] as const;
    const answers = await writeAndReconcile(driver, announcer, { statements, long: true });
    [beyond] = answers[0]!.rows[0] as [number | null];
  }
  await driver.write([
    [finish, [queue]],
    [forget, [queue]],
  ]);
}
