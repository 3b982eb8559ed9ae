// Which ready jobs a worker may take, best first.
//
// The order is that of the worker's list of queues, then priority, then age. The cost must not
// depend on how many jobs wait, also not on jobs that wait in vain: in paused queues, or with names
// that this worker has no code for. So we never filter a long list of jobs. We step from lane to
// lane (lanes.ts), keep those the worker may use, and merge their heads. A `*` first looks at the
// few most urgent jobs of all, which nearly always are what it wants, and steps through the lanes
// only when they are not.

import type { Claim } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { turn } from "../migrations/2-flow.ts";
import type { ReadyIndex } from "./lanes.ts";
import { ready } from "./lanes.ts";
import { byUrgency, merge, type Urgency } from "./merge.ts";
import { lanesOf, type Place, places } from "./places.ts";

export interface Candidate extends Urgency {
  /** Index of the entry in the worker's list that led to it. */
  readonly place: number;
}

/** How many jobs of others a `*` may find among the most urgent before it looks at the lanes. */
const slack = 50;

type UrgentRow = [id: number, priority: number, turn: number, queue: string, name: string];

const mostUrgent = `SELECT id, priority, ${turn}, queue, name
  FROM jobs INDEXED BY jobs_ready_by_priority
  WHERE ${ready.where} ORDER BY priority, ${turn} LIMIT 0 + ?`;

/** At most `claim.limit` jobs. */
export function pick(
  driver: Driver,
  source: ReadyIndex,
  claim: Claim,
  dueBefore: number = Number.MAX_SAFE_INTEGER,
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const place of places(driver, claim)) {
    const limit = claim.limit - found.length;
    if (limit <= 0) break;
    const shortcut = place.everything && source === ready ? urgent(driver, place, limit) : null;
    const jobs =
      shortcut ??
      merge(driver, source, { lanes: [...lanesOf(driver, source, place)], limit, dueBefore });
    for (const { id, priority, turn } of jobs)
      found.push({ id, priority, turn, place: place.index });
  }
  return found;
}

/** Whether `pick` would find any ready job. */
export function isAnyReady(driver: Driver, claim: Claim): boolean {
  return places(driver, claim).some((place) => !lanesOf(driver, ready, place).next().done);
}

/** null when too many of the most urgent jobs are not for this worker. */
function urgent(driver: Driver, place: Place, limit: number): readonly Urgency[] | null {
  for (const size of [limit, limit + slack]) {
    const rows = driver.tuples(mostUrgent).all(size) as unknown as UrgentRow[];
    const mine = rows.filter(([, , , queue, name]) => place.names.has(name) && place.takes(queue));
    if (mine.length >= limit || rows.length < size)
      return mine.slice(0, limit).map(([id, priority, turn]) => ({ id, priority, turn }));
  }
  return null;
}

export function comesBefore(a: Candidate, b: Candidate): boolean {
  return a.place - b.place < 0 || (a.place === b.place && byUrgency(a, b) < 0);
}
