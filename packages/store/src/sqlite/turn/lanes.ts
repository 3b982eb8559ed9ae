// A lane is a pair of queue and name that has ready jobs. There are few lanes however many jobs
// wait, and an index begins with them: stepping from lane to lane skips all the jobs in each, and
// finds the most urgent one of each on the way.

import type { Driver } from "../driver.ts";
import { turn } from "../migrations/2-flow.ts";

export interface Lane {
  readonly queue: string;
  readonly name: string;
  readonly first: LaneJob;
}

export interface LaneJob {
  readonly id: number;
  readonly priority: number;
  /** Orders jobs of one priority: the id, or a place among them. */
  readonly turn: number;
  readonly runAt: number;
}

/** One of the two indexes of ready jobs. */
export interface ReadyIndex {
  readonly index: string;
  readonly where: string;
}

export const ready: ReadyIndex = {
  index: "jobs_ready",
  where: "state = 'ready' AND suspect = 0",
};

/** Jobs that are one crash short of the limit. */
export const suspects: ReadyIndex = {
  index: "jobs_suspect",
  where: "state = 'ready' AND suspect = 1",
};

const step = (source: ReadyIndex, after: string): string =>
  `SELECT queue, name, id, priority, ${turn}, run_at FROM jobs INDEXED BY ${source.index}
  WHERE ${source.where} AND ${after} ORDER BY queue, name, priority, ${turn} LIMIT 1`;

/** The first lane from `queue` on. */
export function laneFrom(driver: Driver, source: ReadyIndex, queue: string): Lane | undefined {
  return toLane(driver.tuples(step(source, "queue >= ?")).get(queue));
}

/** Two steps: SQLite would answer `(queue, name) > (?, ?)` by walking through the whole queue. */
export function laneAfter(driver: Driver, source: ReadyIndex, lane: Lane): Lane | undefined {
  const { queue, name } = lane;
  const inQueue = driver.tuples(step(source, "queue = ? AND name > ?")).get(queue, name);
  return toLane(inQueue) ?? laneBeyond(driver, source, queue);
}

/** The first lane of the next queue. */
export function laneBeyond(driver: Driver, source: ReadyIndex, queue: string): Lane | undefined {
  return toLane(driver.tuples(step(source, "queue > ?")).get(queue));
}

export function* allLanes(driver: Driver, source: ReadyIndex): Generator<Lane> {
  for (let lane = laneFrom(driver, source, ""); lane; lane = laneAfter(driver, source, lane))
    yield lane;
}

type LaneRow = [
  queue: string,
  name: string,
  id: number,
  priority: number,
  turn: number,
  runAt: number,
];

function toLane(row: unknown): Lane | undefined {
  if (!row) return undefined;
  const [queue, name, id, priority, turn, runAt] = row as LaneRow;
  return { queue, name, first: { id, priority, turn, runAt } };
}
