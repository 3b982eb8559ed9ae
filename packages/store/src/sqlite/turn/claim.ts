// Turns the best ready jobs into running ones.

import type { Job } from "../../job.ts";
import { type Claim, suspectPatienceMs } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { ready, suspects } from "../lanes.ts";
import { toJob } from "../rows.ts";
import { comesBefore, pick } from "./pick.ts";

const take = `UPDATE jobs SET state = 'running', process_id = ?, fence = fence + 1,
  attempts = attempts + 1, started_at = ? WHERE id = ? RETURNING *`;

const anySuspect = `SELECT 1 FROM jobs INDEXED BY ${suspects.index} WHERE ${suspects.where} LIMIT 1`;

export function claim(
  driver: Driver,
  wanted: Claim,
  holder: { readonly processId: number; readonly now: number },
): readonly Job[] {
  if (wanted.limit <= 0) return [];
  const chosen = choose(driver, wanted, holder.now);
  const statement = driver.sql(take);
  return chosen.map((id) => toJob(statement.get(holder.processId, holder.now, id)!));
}

/** A suspect comes alone, when its turn has come; other jobs pass it until somebody is idle. */
function choose(driver: Driver, wanted: Claim, now: number): readonly number[] {
  const normal = pick(driver, ready, wanted);
  if (driver.value(anySuspect) !== undefined) {
    const dueBefore = wanted.idle ? now : now - suspectPatienceMs;
    const [suspect] = pick(driver, suspects, { ...wanted, limit: 1 }, dueBefore);
    const [first] = normal;
    if (suspect && (!first || comesBefore(suspect, first))) return [suspect.id];
  }
  return normal.map(({ id }) => id);
}
