// What really happened, computed from the lines the jobs wrote and from nothing else.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "../data/airports.jsonl");

/** One row done, as `config/jobs/airports.ts` wrote it; `at` in milliseconds since 1970. */
export interface Row {
  readonly iata: string;
  readonly fence: number;
  readonly pid: number;
  readonly at: number;
}

/** A last line that is still being written is left out. */
export function readRows(): Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Row);
}

/** How often rows of `later` had been done in `earlier` already. */
export function repeated(earlier: readonly Row[], later: readonly Row[]): number {
  const done = new Set(earlier.map(({ iata }) => iata));
  return later.filter(({ iata }) => done.has(iata)).length;
}

export function distinct(rows: readonly Row[]): number {
  return new Set(rows.map(({ iata }) => iata)).size;
}

/**
 * From a moment to the first row that another run did, in milliseconds; null when there is none.
 */
export function recoveryMs(rows: readonly Row[], since: number, fence: number): number | null {
  const first = rows.find((row) => row.at > since && row.fence > fence);
  return first ? first.at - since : null;
}
