// A suspect (job.ts: one crash short of the limit) comes alone, when its turn has come; other jobs
// pass it until somebody is idle. Suspects are rare: this costs two statements more, and only while
// there is one.

import type { Claim } from "../../turn.ts";
import type { Driver, Statement } from "../driver.ts";
import { jobColumns } from "../rows.ts";
import { type Asked, headsStatement, isSuspectFor, suspectValues } from "./claim.ts";
import { placeIn } from "./places.ts";

const suspects = `SELECT id, queue, priority FROM queue_runtime.jobs
WHERE ${isSuspectFor(["$1", "$2", "$3", "$4"])} ORDER BY priority, id LIMIT 1000`;

const claimOne = `WITH me AS MATERIALIZED (
  SELECT id FROM queue_runtime.processes WHERE id = $1 AND epoch = $3 FOR KEY SHARE
), picked AS MATERIALIZED (
  SELECT id FROM queue_runtime.jobs
  WHERE id = $2 AND state = 'ready' AND EXISTS (SELECT FROM me) FOR UPDATE SKIP LOCKED
)
UPDATE queue_runtime.jobs AS job SET state = 'running', process_id = $1,
  fence = job.fence + 1, attempts = job.attempts + 1, started_at = (SELECT queue_runtime.now_ms())
FROM picked WHERE job.id = picked.id RETURNING ${jobColumns("live")}`;

export interface Candidate {
  readonly id: number;
  readonly priority: number;
  readonly place: number;
  /** Among jobs of one priority: its id, or the place that it was given. */
  readonly turn: number;
}

/** The row of the suspect whose turn it is, now claimed; undefined where there is none. */
export async function claimSuspect(driver: Driver, asked: Asked): Promise<unknown> {
  const { claim, processId, epoch } = asked;
  const [found, heads] = await driver.together([suspectsFor(claim), headsStatement(asked)]);
  const suspect = bestOf(toSuspects(found!.rows, claim));
  if (!suspect) return undefined;
  const first = bestOf((heads!.rows as [number, number, number][]).map(toCandidate));
  if (first && byTurn(first, suspect) < 0) return undefined;
  const { rows } = await driver.query(claimOne, [processId, suspect.id, epoch]);
  return rows[0];
}

/** Those whose turn it may be; their rows are read by `toSuspects`. */
export function suspectsFor(claim: Claim): Statement {
  return [suspects, suspectValues(claim)];
}

export function toSuspects(rows: readonly unknown[], claim: Claim): readonly Candidate[] {
  return (rows as [number, string, number][])
    .map(([id, queue, priority]) => ({
      id,
      turn: id,
      priority,
      place: placeIn(claim.queues, queue),
    }))
    .filter(({ place }) => place !== -1);
}

function toCandidate([id, priority, place]: [number, number, number]): Candidate {
  return { id, turn: id, priority, place };
}

export function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort(byTurn)[0];
}

export function byTurn(a: Candidate, b: Candidate): number {
  return a.place - b.place || a.priority - b.priority || a.turn - b.turn;
}
