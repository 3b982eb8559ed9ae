// Whether the next claim of some worker takes a ready job, and how many come before it if none
// does. The order is that of ../../turn/claim.ts; but a claim knows its lanes from the last one,
// and here they are looked for: by steps from lane to lane, whatever waits in them.

import type { Reason } from "../../../flow.ts";
import { type Ask, asksOf, full, type Known, mostAhead } from "../../../rules/why.ts";
import type { Run } from "../../driver.ts";
import { placeIn } from "../../turn/places.ts";
import { bestOf, byTurn, type Candidate, suspectsFor, toSuspects } from "../../turn/suspects.ts";

export interface ReadyJob {
  readonly id: number;
  readonly queue: string;
  readonly name: string;
  readonly priority: number;
  readonly suspect: boolean;
  /** Its id, or where keys take turns, the place that it was given. */
  readonly turn: number;
}

const isReady = "state = 'ready' AND crashes_since_checkpoint < 2";

const step = (beyond: string): string => `SELECT returned, queue, name FROM queue_runtime.jobs
    WHERE ${isReady} ${beyond} ORDER BY returned, queue, name LIMIT 1`;

const allLanes = `WITH RECURSIVE lane AS (
  (${step("")})
  UNION ALL
  SELECT next.* FROM lane CROSS JOIN LATERAL (
    ${step("AND (returned, queue, name) > (lane.returned, lane.queue, lane.name)")}
  ) AS next
)
SELECT returned, queue, name FROM lane
WHERE queue NOT IN (SELECT name FROM queue_runtime.paused_queues)`;

type Lane = readonly [returned: boolean, queue: string, name: string];

/** `able`: those that could take it. */
export async function fullReasons(
  run: Run,
  job: ReadyJob,
  able: readonly Known[],
): Promise<readonly Reason[]> {
  const lanes = (await run(allLanes, [])).rows as Lane[];
  const ahead: number[] = [];
  for (const ask of asksOf(able)) {
    const turn = await turnOf(run, { job, ask, lanes });
    if (turn.next) return [];
    ahead.push(turn.ahead);
  }
  return [full(able, ahead)];
}

interface Turn {
  readonly next: boolean;
  readonly ahead: number;
}

interface Question {
  readonly job: ReadyJob;
  readonly ask: Ask;
  readonly lanes: readonly Lane[];
}

/** A suspect comes alone, when its turn has come; other jobs pass it until somebody is idle. */
async function turnOf(run: Run, question: Question): Promise<Turn> {
  const { job, ask } = question;
  const own: Candidate = { ...job, place: placeIn(ask.queues, job.queue) };
  const all = await suspectsOf(run, { ...ask, idle: true });
  const suspect = bestOf(ask.idle ? all : await suspectsOf(run, ask));
  const [before = 0, beforeSuspect = 0] = await countBefore(run, question, [
    own,
    ...(suspect ? [suspect] : []),
  ]);
  const alone = suspect !== undefined && beforeSuspect === 0 ? suspect : null;
  const next = job.suspect ? alone?.id === job.id : !alone && before < ask.limit;
  const ahead = before + all.filter((other) => byTurn(other, own) < 0).length;
  return { next: next && ask.claims, ahead };
}

async function suspectsOf(run: Run, ask: Ask): Promise<readonly Candidate[]> {
  const [text, values] = suspectsFor(ask);
  return toSuspects((await run(text, values)).rows, ask);
}

const least = -Number.MAX_SAFE_INTEGER - 1;
const most = Number.MAX_SAFE_INTEGER;

/** Of each target: the ready jobs before it that are no suspects, as far as they are counted. */
const counts = `SELECT (
  SELECT count(*) FROM (
    SELECT FROM unnest($1::boolean[], $2::text[], $3::text[], $4::integer[])
        AS lane (returned, queue, name, place)
      CROSS JOIN LATERAL (
        (SELECT FROM queue_runtime.jobs WHERE ${isReady} AND place IS NULL
          AND (returned, queue, name, priority, id)
            > (lane.returned, lane.queue, lane.name, ${least}, 0)
          AND (returned, queue, name, priority, id) < (lane.returned, lane.queue, lane.name,
            CASE WHEN lane.place < target.place THEN ${most} ELSE target.priority END,
            CASE WHEN lane.place < target.place THEN ${most} ELSE target.turn END)
        ORDER BY returned, queue, name, priority, id LIMIT ${mostAhead})
        UNION ALL (SELECT FROM queue_runtime.jobs
          WHERE lane.returned AND ${isReady} AND place IS NOT NULL
          AND (queue, name, priority, place) > (lane.queue, lane.name, ${least}, 0)
          AND (queue, name, priority, place) < (lane.queue, lane.name,
            CASE WHEN lane.place < target.place THEN ${most} ELSE target.priority END,
            CASE WHEN lane.place < target.place THEN ${most} ELSE target.turn END)
        ORDER BY queue, name, priority, place LIMIT ${mostAhead})
      ) AS job
    WHERE lane.place <= target.place LIMIT ${mostAhead}
  ) AS before
)
FROM unnest($5::integer[], $6::bigint[], $7::bigint[]) WITH ORDINALITY
  AS target (place, priority, turn, number)
ORDER BY target.number`;

async function countBefore(
  run: Run,
  { ask, lanes }: Question,
  targets: readonly Candidate[],
): Promise<readonly number[]> {
  const names = new Set(ask.names);
  const placed = lanes
    .filter(([, , name]) => names.has(name))
    .map((lane) => ({ lane, place: placeIn(ask.queues, lane[1]) }))
    .filter(({ place }) => place !== -1);
  const { rows } = await run(counts, [
    ...[0, 1, 2].map((column) => placed.map(({ lane }) => lane[column])),
    placed.map(({ place }) => place),
    targets.map(({ place }) => place),
    targets.map(({ priority }) => priority),
    targets.map(({ turn }) => turn),
  ]);
  return (rows as [number][]).map(([count]) => count);
}
