// The claim: one statement that turns the best ready jobs of some lanes into running ones, and
// refuses to do it while a lane exists that its caller does not know, because the most urgent job
// of all may wait there. What it answers is read in claim-rows.ts.
//
// The time is read once, in a subselect: as an expression it costs more than the update of a row.
// Rows that others are just claiming are skipped, never waited for. The row of the process is
// locked against its own removal: whoever prunes it finds either no claim or the whole of it.

import { type Claim, suspectPatienceMs } from "../../turn.ts";
import type { Statement } from "../driver.ts";
import { jobColumns } from "../rows.ts";
import { type AsJob, asJob } from "./claim-rows.ts";
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
const jobsInLane = (condition: string): string => `state = 'ready'
  AND crashes_since_checkpoint < 2 ${condition}
  AND (returned, queue, name, priority, id)
    > (lane.returned, lane.queue, lane.name, lane.priority, lane.low)
  AND (returned, queue, name, priority, id)
    < (lane.returned, lane.queue, lane.name, lane.priority, 9223372036854775807)
  ORDER BY returned, queue, name, priority, id`;

const inLane = jobsInLane("");

/** Where keys take turns: jobs of a lane that have a place, which they got when they came back. */
const placedInLane = `lane.returned AND state = 'ready' AND crashes_since_checkpoint < 2
  AND place IS NOT NULL
  AND (queue, name, priority, place) > (lane.queue, lane.name, lane.priority, 0)
  AND (queue, name, priority, place)
    < (lane.queue, lane.name, lane.priority, 9223372036854775807)
  ORDER BY queue, name, priority, place`;

/** The first lane between two that are known, for each two that stand side by side. */
const unknownLanes = `
  SELECT job.* FROM unnest($10::boolean[], $11::text[], $12::text[], $13::bigint[],
      $14::boolean[], $15::text[], $16::text[], $17::bigint[])
      AS gap (returned, queue, name, priority, end_returned, end_queue, end_name, end_priority)
    CROSS JOIN LATERAL (
      SELECT returned, queue, name, priority FROM queue_runtime.jobs
      WHERE state = 'ready' AND crashes_since_checkpoint < 2
        AND (returned, queue, name, priority, id)
          > (gap.returned, gap.queue, gap.name, gap.priority, 9223372036854775807)
        AND (returned, queue, name, priority, id)
          < (gap.end_returned, gap.end_queue, gap.end_name, gap.end_priority, 0)
      ORDER BY returned, queue, name, priority, id LIMIT 1
    ) AS job`;

/**
 * A suspect whose turn it may be, for a worker with these names, patience and queues; values as of
 * `suspectValues`. Others are none of its business: it claims as if they were not there.
 */
export function isSuspectFor([names, patience, queues, prefixes]: readonly string[]): string {
  return `state = 'ready' AND crashes_since_checkpoint >= 2 AND name = ANY (${names}::text[])
    AND run_at <= (SELECT queue_runtime.now_ms()) - ${patience}::bigint
    AND queue NOT IN (SELECT name FROM queue_runtime.paused_queues)
    AND (queue = ANY (${queues}::text[]) OR EXISTS (
      SELECT FROM unnest(${prefixes}::text[]) AS prefix WHERE starts_with(queue, prefix)))`;
}

export function suspectValues({ names, idle, queues }: Claim): readonly unknown[] {
  const patience = idle ? 0 : suspectPatienceMs;
  const exact = queues.filter((entry) => !entry.endsWith("*"));
  const prefixes = queues.filter((entry) => entry.endsWith("*"));
  return [names, patience, exact, prefixes.map((entry) => entry.slice(0, -1))];
}

const anySuspect = `SELECT FROM queue_runtime.jobs
  WHERE ${isSuspectFor(["$20", "$21", "$22", "$23"])}`;

/** `fair`: keys take turns in some queue. A claim that does not know it takes nothing. */
export const flow: string = `flow AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM queue_runtime.queue_settings WHERE fair) AS fair,
    EXISTS (SELECT FROM queue_runtime.touched) AS touched
)`;

/**
 * What has to be known beside the jobs, as of the moment of the claim. `crashes`: the claim found
 * something, so another may too; or it did not, and others were just looking at what is there.
 */
export const surroundings: AsJob = {
  state: "'around'",
  priority: "pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
  run_at: "pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
  fence: "(SELECT epoch FROM queue_runtime.processes WHERE id = $1)",
  attempts: "(SELECT saturated::integer FROM queue_runtime.processes WHERE id = $1)",
  interruptions: `(EXISTS (${anySuspect}))::integer`,
  crashes: `(EXISTS (SELECT FROM picked) OR EXISTS (SELECT FROM lane CROSS JOIN LATERAL (
    SELECT FROM queue_runtime.jobs WHERE ${inLane} LIMIT 1) AS job))::integer`,
  started_at: "(SELECT fair FROM flow)::integer",
  linked: "(SELECT touched FROM flow)::integer",
  args: `(SELECT json_agg(json_build_array(id, fence) ORDER BY id) FROM queue_runtime.jobs
    WHERE process_id = $1 AND cancel_requested_at IS NOT NULL)`,
};

const unknownLane: AsJob = {
  state: "'lane'",
  priority: "priority",
  name: "name",
  queue: "queue",
};

const isAllowed = `EXISTS (SELECT FROM me) AND NOT EXISTS (SELECT FROM unknown)
  AND ($18 OR NOT EXISTS (${anySuspect}))`;

const mayTake = `${isAllowed} AND NOT (SELECT fair FROM flow)`;

/** From one lane: locked as they are found. */
const fromOne = `picked AS MATERIALIZED (
  SELECT job.id FROM lane CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT $9 FOR UPDATE SKIP LOCKED
  ) AS job
  WHERE $8::integer IS NOT NULL AND ${mayTake}
)`;

/**
 * Of the heads of several lanes, in their order: only what is taken gets locked. Each is looked up
 * by its id alone: joined, a planner that knows the table as empty may read all of it for each of
 * them. `+ 0`: or else it may find the index of ready jobs as good as the primary key.
 */
const pickHeads = `picked AS MATERIALIZED (
  SELECT job.id FROM head CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs
    WHERE id = head.id AND state = 'ready' AND crashes_since_checkpoint + 0 < 2
    FOR UPDATE SKIP LOCKED
  ) AS job LIMIT $9
)`;

/**
 * From several lanes: their heads are merged first, a few more than are wanted, for those that
 * others have locked by now.
 */
const fromSeveral = `head AS MATERIALIZED (
  SELECT job.id FROM lane CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT $8) AS job
  WHERE ${mayTake}
  ORDER BY lane.place, lane.priority, job.id LIMIT $8
), ${pickHeads}`;

/** The same where keys take turns. */
const fromFair = `head AS MATERIALIZED (
  SELECT job.id FROM lane CROSS JOIN LATERAL (
    (SELECT id, id AS turn FROM queue_runtime.jobs
      WHERE ${jobsInLane("AND place IS NULL")} LIMIT $8)
    UNION ALL (SELECT id, place FROM queue_runtime.jobs WHERE ${placedInLane} LIMIT $8)
  ) AS job
  WHERE ${isAllowed}
  ORDER BY lane.place, lane.priority, job.turn LIMIT $8
), ${pickHeads}`;

const claimJobs = (picked: string): string => `WITH ${flow}, me AS MATERIALIZED (
  SELECT id FROM queue_runtime.processes WHERE id = $1 AND epoch = $19 FOR KEY SHARE
), unknown AS MATERIALIZED (${unknownLanes}
), ${lanes}, ${picked}, claimed AS (
  UPDATE queue_runtime.jobs AS job SET state = 'running', process_id = $1,
    fence = job.fence + 1, attempts = job.attempts + 1, started_at = (SELECT queue_runtime.now_ms())
  WHERE id = ANY (array(SELECT picked.id FROM picked))
  RETURNING ${jobColumns("live")}, job.place, job.returned
)
SELECT * FROM claimed
UNION ALL SELECT ${asJob(unknownLane)}, NULL, NULL, NULL, returned FROM unknown
UNION ALL SELECT ${asJob(surroundings)}, NULL, NULL, NULL, false`;

const claimFromOne = claimJobs(fromOne);
const claimFromSeveral = claimJobs(fromSeveral);
const claimFromFair = claimJobs(fromFair);

/** For a process that claims nothing. */
const lookAround = `WITH ${flow} SELECT ${asJob({
  ...surroundings,
  interruptions: "0",
  crashes: "0",
})}, NULL, NULL, NULL, false`;

/** The next job of each lane: id, priority, place. */
const heads = `WITH ${lanes}
SELECT job.id, lane.priority, lane.place FROM lane CROSS JOIN LATERAL (
  SELECT id FROM queue_runtime.jobs WHERE ${inLane} LIMIT 1) AS job
WHERE $1::bigint IS NOT NULL`;

export interface Asked {
  readonly processId: number;
  /** A claim of an earlier one is late, and takes nothing. */
  readonly epoch: number;
  readonly claim: Claim;
  readonly placed: readonly Placed[];
  readonly known: readonly KnownLane[];
  /** Read every lane from its beginning. */
  readonly full: boolean;
  /** Keys take turns in some queue. */
  readonly fair: boolean;
  /** Take others although suspects wait. */
  readonly passSuspects: boolean;
}

export function claimStatement(asked: Asked): Statement {
  const { claim, placed, known, passSuspects, epoch, fair } = asked;
  const ofText = placed.length > 1 ? claimFromSeveral : claimFromOne;
  return [
    fair ? claimFromFair : ofText,
    [
      ...laneValues(asked),
      2 * claim.limit + 20,
      claim.limit,
      ...columnsOf([first, ...known]),
      ...columnsOf([...known, last]),
      passSuspects,
      epoch,
      ...suspectValues(claim),
    ],
  ];
}

export function headsStatement(asked: Asked): Statement {
  return [heads, laneValues(asked)];
}

export function lookStatement(processId: number): Statement {
  return [lookAround, [processId]];
}

function laneValues({ processId, placed, full }: Asked): readonly unknown[] {
  return [
    processId,
    ...columnsOf(placed.map(({ lane }) => lane)),
    placed.map(({ lane }) => (full ? 0 : lane.low)),
    placed.map(({ place }) => place),
  ];
}

function columnsOf(lanes: readonly Lane[]): readonly unknown[] {
  return [
    lanes.map(({ returned }) => returned),
    lanes.map(({ queue }) => queue),
    lanes.map(({ name }) => name),
    lanes.map(({ priority }) => priority),
  ];
}

/** Before and behind every lane there can be: names have at most 200 characters. */
const first: Lane = { returned: false, queue: "", name: "", priority: 0 };
const last: Lane = { returned: true, queue: "\u{10FFFF}".repeat(201), name: "", priority: 0 };
