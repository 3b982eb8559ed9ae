// The most urgent jobs of several lanes, as one list.

import type { Driver } from "../driver.ts";
import { turn } from "../migrations/2-flow.ts";
import type { Lane, ReadyIndex } from "./lanes.ts";

export interface Urgency {
  readonly id: number;
  readonly priority: number;
  readonly turn: number;
}

interface Wanted {
  readonly lanes: readonly Lane[];
  readonly limit: number;
  readonly dueBefore: number;
}

/** What was read of one lane and not merged yet. */
interface Stream {
  readonly lane: Lane;
  jobs: readonly Urgency[];
  next: number;
  drained: boolean;
}

export function merge(driver: Driver, source: ReadyIndex, wanted: Wanted): readonly Urgency[] {
  const { lanes, limit, dueBefore } = wanted;
  // Twice the even share: lanes are rarely even, and reading again costs a statement.
  const size = Math.min(limit, Math.ceil((2 * limit) / Math.max(1, lanes.length)));
  const read = reader(driver, source, { size, dueBefore });
  const streams = lanes.map((lane): Stream => {
    const jobs = lane.first.runAt <= dueBefore ? [lane.first] : read(lane, lane.first);
    return { lane, jobs, next: 0, drained: false };
  });
  const merged: Urgency[] = [];
  for (let best = mostUrgent(streams); best; best = mostUrgent(streams)) {
    merged.push(best.jobs[best.next]!);
    if (merged.length === limit) break;
    best.next += 1;
    if (best.next < best.jobs.length || best.drained) continue;
    best.jobs = read(best.lane, best.jobs.at(-1)!);
    best.next = 0;
    best.drained = best.jobs.length < size;
  }
  return merged;
}

const head = (source: ReadyIndex, after: string): string =>
  `SELECT id, priority, ${turn} FROM jobs INDEXED BY ${source.index}
  WHERE ${source.where} AND queue = ? AND name = ? AND ${after} AND run_at <= ?
  ORDER BY priority, ${turn} LIMIT 0 + ?`;

type Read = (lane: Lane, after: Urgency) => readonly Urgency[];

/** The next jobs of a lane: what is left of the same priority, then the priorities behind it. */
function reader(
  driver: Driver,
  source: ReadyIndex,
  { size, dueBefore }: { readonly size: number; readonly dueBefore: number },
): Read {
  const samePriority = driver.tuples(head(source, `priority = ? AND ${turn} > ?`));
  const nextPriority = driver.tuples(head(source, "priority > ?"));
  return ({ queue, name }, { priority, turn }) => {
    const rows = samePriority.all(queue, name, priority, turn, dueBefore, size);
    if (rows.length < size)
      rows.push(...nextPriority.all(queue, name, priority, dueBefore, size - rows.length));
    return (rows as unknown as [number, number, number][]).map((row) => ({
      id: row[0],
      priority: row[1],
      turn: row[2],
    }));
  };
}

function mostUrgent(streams: readonly Stream[]): Stream | undefined {
  let best: Stream | undefined;
  for (const stream of streams) {
    const job = stream.jobs[stream.next];
    if (job && (!best || byUrgency(job, best.jobs[best.next]!) < 0)) best = stream;
  }
  return best;
}

/** Smaller priority first, then older, or whose turn came first. */
export function byUrgency(a: Urgency, b: Urgency): number {
  return a.priority - b.priority || a.turn - b.turn;
}
