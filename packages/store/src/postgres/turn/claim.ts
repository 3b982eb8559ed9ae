// The claim: one statement that turns the best ready jobs of some lanes into running ones, and
// refuses to do it while a lane exists that its caller does not know, because the most urgent job
// of all may wait there. Such lanes come back as rows without an id.
//
// The time is read once, in a subselect: as an expression it costs more than the update of a row.
// Rows that others are just claiming are skipped, never waited for. The row of the process is
// locked against its own removal: whoever prunes it finds either no claim or the whole of it.

import type { Job } from "../../job.ts";
import type { Claim, TurnAnswer } from "../../turn.ts";
import type { Statement } from "../driver.ts";
import { jobColumns, sharedColumns, toJob } from "../rows.ts";
import type { KnownLane, Lane } from "./lanes.ts";
import type { Placed } from "./places.ts";

const lanes = `lane AS MATERIALIZED (
  SELECT * FROM unnest($2::boolean[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
    $7::integer[]) AS lane (returned, queue, name, priority, low, place)
  WHERE queue NOT IN (SELECT name FROM queue_runtime.paused_queues)
)`;

/**
 * The jobs of a lane above its low water, oldest first. Written as a range of the index and in its
 * whole order, so that no other index can serve: with the lane as equalities, the planner may find
 * the primary key just as good, and read everything that is running before it comes to the lane.
 */
const inLane = `state = 'ready' AND crashes_since_checkpoint < 2
  AND (returned, queue, name, priority, id)
    > (lane.returned, lane.queue, lane.name, lane.priority, lane.low)
  AND (returned, queue, name, priority, id)
    < (lane.returned, lane.queue, lane.name, lane.priority, 9223372036854775807)
  ORDER BY returned, queue, name, priority, id`;

/** The first lane between two that are known, for each two that stand side by side. */
const unknownLanes = `
  SELECT job.* FROM unnest($10::boolean[], $11::text[], $12::text[], $13::bigint[]) WITH ORDINALITY
      AS low (returned, queue, name, priority, n)
    JOIN unnest($10::boolean[], $11::text[], $12::text[], $13::bigint[]) WITH ORDINALITY
      AS high (returned, queue, name, priority, n) ON high.n = low.n + 1
    CROSS JOIN LATERAL (
      SELECT returned, queue, name, priority FROM queue_runtime.jobs
      WHERE state = 'ready' AND crashes_since_checkpoint < 2
        AND (returned, queue, name, priority, id)
          > (low.returned, low.queue, low.name, low.priority, 9223372036854775807)
        AND (returned, queue, name, priority, id)
          < (high.returned, high.queue, high.name, high.priority, 0)
      ORDER BY returned, queue, name, priority, id LIMIT 1
    ) AS job`;

const anySuspect = `SELECT FROM queue_runtime.jobs
  WHERE state = 'ready' AND crashes_since_checkpoint >= 2`;

/** A lane in the columns of a job. */
const laneAsJob = sharedColumns
  .map((column) => (["priority", "name", "queue"].includes(column) ? column : "NULL"))
  .join(", ");

const mayTake = `EXISTS (SELECT FROM me) AND NOT EXISTS (SELECT FROM unknown)
  AND ($14 OR NOT EXISTS (${anySuspect}))`;

/** From one lane: locked as they are found. */
const fromOne = `picked AS MATERIALIZED (
  SELECT job.id, lane.returned FROM lane CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT $9 FOR UPDATE SKIP LOCKED
  ) AS job
  WHERE $8::integer IS NOT NULL AND ${mayTake}
)`;

/**
 * From several lanes: their heads are merged first, and then only what is taken gets locked. A few
 * more than are wanted are merged, for those that others have locked by now.
 */
const fromSeveral = `head AS MATERIALIZED (
  SELECT job.id, lane.returned, lane.place, lane.priority FROM lane CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT $8) AS job
  WHERE ${mayTake}
  ORDER BY lane.place, lane.priority, job.id LIMIT $8
), picked AS MATERIALIZED (
  SELECT job.id, head.returned FROM head JOIN queue_runtime.jobs AS job ON job.id = head.id
  WHERE job.state = 'ready'
  ORDER BY head.place, head.priority, head.id LIMIT $9 FOR UPDATE OF job SKIP LOCKED
)`;

const claimJobs = (picked: string): string => `WITH me AS MATERIALIZED (
  SELECT id FROM queue_runtime.processes WHERE id = $1 FOR KEY SHARE
), unknown AS MATERIALIZED (${unknownLanes}
), ${lanes}, ${picked}, claimed AS (
  UPDATE queue_runtime.jobs AS job SET state = 'running', process_id = $1,
    fence = job.fence + 1, attempts = job.attempts + 1, started_at = (SELECT queue_runtime.now_ms())
  FROM picked WHERE job.id = picked.id
  RETURNING ${jobColumns("live")}, picked.returned
)
SELECT * FROM claimed
UNION ALL SELECT ${laneAsJob}, NULL, NULL, returned FROM unknown`;

const claimFromOne = claimJobs(fromOne);
const claimFromSeveral = claimJobs(fromSeveral);

/** What has to be known beside the jobs; sees what the claim did. */
const lookAround = `WITH ${lanes}
SELECT EXISTS (SELECT FROM queue_runtime.processes WHERE id = $1),
  EXISTS (${anySuspect}),
  EXISTS (SELECT FROM lane CROSS JOIN LATERAL (
    SELECT FROM queue_runtime.jobs WHERE ${inLane} LIMIT 1) AS job),
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
  (SELECT json_agg(json_build_array(id, fence) ORDER BY id) FROM queue_runtime.jobs
    WHERE process_id = $1 AND cancel_requested_at IS NOT NULL)`;

/** The next job of each lane: id, priority, place. */
const heads = `WITH ${lanes}
SELECT job.id, lane.priority, lane.place FROM lane CROSS JOIN LATERAL (
  SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT 1) AS job
WHERE $1::bigint IS NOT NULL`;

export interface Surroundings {
  readonly registered: boolean;
  readonly suspects: boolean;
  /** Jobs of these lanes are still ready. */
  readonly more: boolean;
  readonly xmin: number;
  readonly xmax: number;
  readonly cancelRequested: TurnAnswer["cancelRequested"];
}

type SurroundingsRow = [
  registered: boolean,
  suspects: boolean,
  more: boolean,
  xmin: number,
  xmax: number,
  cancelRequested: readonly [id: number, fence: number][] | null,
];

export function toSurroundings(row: unknown): Surroundings {
  const [registered, suspects, more, xmin, xmax, asked] = row as SurroundingsRow;
  const cancelRequested = (asked ?? []).map(([id, fence]) => ({ id, fence }));
  return { registered, suspects, more, xmin, xmax, cancelRequested };
}

/** A claimed row of `jobColumns`, or a lane that was not known. */
export interface ClaimRows {
  readonly jobs: readonly { readonly job: Job; readonly lane: Lane }[];
  readonly unknown: readonly Lane[];
}

const nameAt = sharedColumns.indexOf("name");
const queueAt = sharedColumns.indexOf("queue");
const priorityAt = sharedColumns.indexOf("priority");

export function toClaimRows(rows: readonly unknown[], placed: readonly Placed[]): ClaimRows {
  const jobs: { job: Job; lane: Lane; place: number }[] = [];
  const unknown: Lane[] = [];
  for (const row of rows as unknown[][]) {
    const lane = {
      returned: row.pop() as boolean,
      queue: row[queueAt] as string,
      name: row[nameAt] as string,
      priority: row[priorityAt] as number,
    };
    if (row[0] === null) unknown.push(lane);
    else jobs.push({ job: toJob(row), lane, place: placeOf(placed, lane) });
  }
  jobs.sort((a, b) => a.place - b.place || byUrgency(a.job, b.job));
  return { jobs, unknown };
}

function placeOf(placed: readonly Placed[], { queue }: Lane): number {
  if (placed.length === 1) return 0;
  return placed.find(({ lane }) => lane.queue === queue)?.place ?? 0;
}

function byUrgency(a: Job, b: Job): number {
  return a.priority - b.priority || a.id - b.id;
}

export interface Asked {
  readonly processId: number;
  readonly claim: Claim;
  readonly placed: readonly Placed[];
  readonly known: readonly KnownLane[];
  /** Read every lane from its beginning. */
  readonly full: boolean;
  /** Take others although suspects wait. */
  readonly passSuspects: boolean;
}

export function claimStatement(asked: Asked): Statement {
  const { claim, placed, known, passSuspects } = asked;
  const bounds = [first, ...known, last];
  return [
    placed.length > 1 ? claimFromSeveral : claimFromOne,
    [
      ...laneValues(asked),
      2 * claim.limit + 20,
      claim.limit,
      bounds.map(({ returned }) => returned),
      bounds.map(({ queue }) => queue),
      bounds.map(({ name }) => name),
      bounds.map(({ priority }) => priority),
      passSuspects,
    ],
  ];
}

export function headsStatement(asked: Asked): Statement {
  return [heads, laneValues(asked)];
}

export function lookStatement(asked: Asked): Statement {
  return [lookAround, laneValues(asked)];
}

function laneValues({ processId, placed, full }: Asked): readonly unknown[] {
  return [
    processId,
    placed.map(({ lane }) => lane.returned),
    placed.map(({ lane }) => lane.queue),
    placed.map(({ lane }) => lane.name),
    placed.map(({ lane }) => lane.priority),
    placed.map(({ lane }) => (full ? 0 : lane.low)),
    placed.map(({ place }) => place),
  ];
}

/** Before and behind every lane there can be: names have at most 200 characters. */
const first: Lane = { returned: false, queue: "", name: "", priority: 0 };
const last: Lane = { returned: true, queue: "\u{10FFFF}".repeat(201), name: "", priority: 0 };
