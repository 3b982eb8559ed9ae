// Jobs that came by name alone and wait in a fair queue: they share one turn, by their name, until
// somebody who knows their keys gives them their own.

import type { Job } from "../../job.ts";
import { soundly } from "../../rules/gated.ts";
import { queueGates } from "../../rules/limits.ts";
import type { Gated, Held } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { jobColumns, toJob } from "../rows.ts";
import { gateWaiting } from "../turn/give-gates.ts";
import { change } from "./change.ts";
import { allSettings } from "./queue-settings.ts";

const waiting = `SELECT ${jobColumns} FROM (
    SELECT job_id, priority AS urgency FROM job_gates INDEXED BY job_gates_waiting
    WHERE key = ? AND waits = 1
  ) AS gate CROSS JOIN jobs ON jobs.id = gate.job_id
  WHERE keyed = 0 AND concurrency_key IS NULL ORDER BY urgency, job_id LIMIT ?`;

export function unseen(driver: Driver, names: readonly string[], limit: number): readonly Job[] {
  const jobs: Job[] = [];
  for (const [queue, settings] of allSettings(driver)) {
    if (!settings.fair) continue;
    for (const name of names) {
      const gates = queueGates(queue, settings, { name, gates: [], uniques: [] });
      const { key } = gates.find(({ kind }) => kind === "fair")!;
      jobs.push(...driver.tuples(waiting).all(key, limit).map(toJob));
    }
  }
  return jobs;
}

/** Jobs in each transaction. */
const size = 200;

export async function gateAhead(driver: Driver, jobs: readonly (Held & Gated)[]): Promise<void> {
  for (let at = 0; at < jobs.length; at += size) {
    const some = jobs.slice(at, at + size).map(soundly);
    await change(driver, () => {
      // What no store takes fails its job when that is claimed.
      for (const each of some) if (each.outcome === "gated") gateWaiting(driver, each);
    });
  }
}
