// Turns the best ready jobs into running ones.
//
// One statement reads them and one takes them. UPDATE … RETURNING would be one less, but SQLite
// keeps what it returns in a temporary table: with a row of this width that took as long as all the
// rest. Nothing can come between, since the transaction holds the only write lock.

import type { Job } from "../../job.ts";
import { type Claim, suspectPatienceMs } from "../../turn.ts";
import { forgetRuns } from "../commands/run.ts";
import type { Driver } from "../driver.ts";
import { jobColumns, toJob } from "../rows.ts";
import { ready, suspects } from "./lanes.ts";
import { comesBefore, isAnyReady, pick } from "./pick.ts";

interface Holder {
  readonly processId: number;
  readonly now: number;
}

const wanted = "SELECT value FROM json_each(:ids)";

const take = `UPDATE jobs SET state = 'running', process_id = :processId, fence = fence + 1,
  attempts = attempts + 1, started_at = :now WHERE id IN (${wanted})`;

/** The order is that of the ids. */
const read = `SELECT ${jobColumns} FROM (${wanted}) AS chosen
  CROSS JOIN jobs ON jobs.id = chosen.value`;

const anySuspect = `SELECT 1 FROM jobs INDEXED BY ${suspects.index} WHERE ${suspects.where} LIMIT 1`;

export function claim(driver: Driver, wanted: Claim, holder: Holder): readonly Job[] {
  if (wanted.limit <= 0) return [];
  const chosen = choose(driver, wanted, holder.now);
  if (chosen.length === 0) return [];
  const ids = JSON.stringify(chosen);
  const { processId, now } = holder;
  driver.sql(take).run({ ids, processId, now });
  if (wanted.ids) forgetRuns(driver, ids);
  return driver.tuples(read).all({ ids }).map(toJob);
}

/** Whether a claim would take anything; may run outside a transaction. */
export function canClaim(driver: Driver, wanted: Claim, now: number): boolean {
  if (wanted.limit <= 0) return false;
  if (wanted.ids) return choose(driver, wanted, now).length > 0;
  return isAnyReady(driver, wanted) || choose(driver, { ...wanted, limit: 1 }, now).length > 0;
}

/** A suspect comes alone, when its turn has come; other jobs pass it until somebody is idle. */
export function choose(driver: Driver, wanted: Claim, now: number): readonly number[] {
  if (wanted.ids) return chooseAmong(driver, wanted.ids, { ...wanted, now });
  const normal = pick(driver, ready, wanted);
  if (!wanted.noSuspects && driver.value(anySuspect) !== undefined) {
    const dueBefore = wanted.idle ? now : now - suspectPatienceMs;
    const [suspect] = pick(driver, suspects, { ...wanted, limit: 1 }, dueBefore);
    const [first] = normal;
    if (suspect && (!first || comesBefore(suspect, first))) return [suspect.id];
  }
  return normal.map(({ id }) => id);
}

/** Nobody begins a command that somebody edits. */
const isLocked = `EXISTS (SELECT 1 FROM commands WHERE job_id = jobs.id AND locked_until > :now)`;
const isPaused = "EXISTS (SELECT 1 FROM paused_queues WHERE paused_queues.name = queue)";
const among = `SELECT jobs.id FROM json_each(:ids) AS given CROSS JOIN jobs ON jobs.id = given.value
  WHERE state = 'ready' AND name IN (SELECT value FROM json_each(:names))
    AND (:evenPaused = 1 OR NOT ${isPaused}) AND NOT ${isLocked}
  GROUP BY jobs.id ORDER BY min(given.key) LIMIT 0 + :limit`;

function chooseAmong(
  driver: Driver,
  ids: readonly number[],
  { names, limit, evenPaused = false, now }: Claim & { readonly now: number },
): readonly number[] {
  const values = { ids: JSON.stringify(ids), names: JSON.stringify(names), limit, now };
  const rows = driver.tuples(among).all({ ...values, evenPaused: Number(evenPaused) });
  return (rows as unknown as [number][]).map(([id]) => id);
}
