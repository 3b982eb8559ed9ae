// The rows of a claim. Jobs, first of all; and, so that one statement is enough, lanes that the
// caller did not know and what else has to be known, put into the columns of a job without an id.

import type { Job } from "../../job.ts";
import type { Claim, TurnAnswer } from "../../turn.ts";
import { linksOf, sharedColumns, toJob } from "../rows.ts";
import type { Lane } from "./lanes.ts";
import { placeIn } from "./places.ts";

/** SQL by column; a column that is not named is NULL. */
export type AsJob = Readonly<Record<string, string>>;

export function asJob(values: AsJob): string {
  return sharedColumns.map((column) => values[column] ?? "NULL").join(", ");
}

export interface Surroundings {
  /** Of the process, as it is written; null when it is not registered. */
  readonly epoch: number | null;
  /** It has said that it needs no waking. */
  readonly saturated: boolean;
  readonly suspects: boolean;
  /** Another claim may find more. */
  readonly more: boolean;
  /** Keys take turns in some queue. */
  readonly fair: boolean;
  /** Something was left to be taken up, see flow/reconcile.ts. */
  readonly touched: boolean;
  /** No transaction below ran any more when the claim began, and none from `xmax` on had begun. */
  readonly xmin: number;
  readonly xmax: number;
  readonly cancelRequested: TurnAnswer["cancelRequested"];
}

export interface Caught {
  readonly job: Job;
  readonly lane: Lane;
  /** What ties it to others, see migrations/2-flow/links.ts. */
  readonly links: number;
}

export interface ClaimRows {
  /** Best first. */
  readonly jobs: readonly Caught[];
  readonly unknown: readonly Lane[];
  readonly around: Surroundings;
}

const at = (column: string): number => sharedColumns.indexOf(column);
const columns = {
  id: at("id"),
  state: at("state"),
  queue: at("queue"),
  name: at("name"),
  priority: at("priority"),
  runAt: at("run_at"),
  attempts: at("attempts"),
  fence: at("fence"),
  interruptions: at("interruptions"),
  crashes: at("crashes"),
  args: at("args"),
  linked: at("linked"),
  startedAt: at("started_at"),
} as const;

export function toClaimRows(rows: readonly unknown[], { queues }: Claim): ClaimRows {
  const jobs: (Caught & { place: number; turn: number })[] = [];
  const unknown: Lane[] = [];
  const places = new Map<string, number>();
  const placeOf = (queue: string): number => {
    const place = places.get(queue) ?? placeIn(queues, queue);
    places.set(queue, place);
    return place;
  };
  for (const row of rows.slice(0, -1) as unknown[][]) {
    const lane = toLane(row);
    const given = row.pop() as number | null;
    if (row[columns.id] === null) {
      unknown.push(lane);
      continue;
    }
    const job = toJob(row);
    const turn = given ?? job.id;
    jobs.push({ job, lane, links: linksOf(row), place: placeOf(lane.queue), turn });
  }
  jobs.sort((a, b) => a.place - b.place || a.job.priority - b.job.priority || a.turn - b.turn);
  return { jobs, unknown, around: toSurroundings(rows.at(-1)) };
}

export function toSurroundings(given: unknown): Surroundings {
  const row = given as unknown[];
  if (row[columns.state] !== "around") throw new Error("a claim did not say what is around it");
  const asked = (row[columns.args] ?? []) as readonly [id: number, fence: number][];
  return {
    epoch: row[columns.fence] as number | null,
    saturated: row[columns.attempts] === 1,
    suspects: row[columns.interruptions] === 1,
    more: row[columns.crashes] === 1,
    fair: row[columns.startedAt] === 1,
    touched: row[columns.linked] === 1,
    xmin: row[columns.priority] as number,
    xmax: row[columns.runAt] as number,
    cancelRequested: asked.map(([id, fence]) => ({ id, fence })),
  };
}

/** Takes the last column, which is none of the job's. */
function toLane(row: unknown[]): Lane {
  return {
    returned: row.pop() as boolean,
    queue: row[columns.queue] as string,
    name: row[columns.name] as string,
    priority: row[columns.priority] as number,
  };
}
