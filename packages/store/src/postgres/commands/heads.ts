// The ready commands of a group, as they would be claimed: by priority, place and id. Those that
// are locked are few, and passed over.

/** One way into the ready commands of a group, by an index that has them in their order. */
const way = (where: string, order: string): string => `(
    SELECT id, priority, coalesce(place, id) AS turn, command.slots FROM queue_runtime.jobs
    CROSS JOIN LATERAL (SELECT slots FROM queue_runtime.commands WHERE job_id = jobs.id
      AND coalesce(locked_until <= queue_runtime.now_ms(), true)) AS command
    WHERE state = 'ready' AND ${where} ORDER BY ${order} LIMIT wanted.most)`;

const inLane = (returned: boolean): string =>
  way(
    `crashes_since_checkpoint < 2 AND returned = ${returned} AND queue = wanted.name
      AND name = 'command' AND place IS NULL`,
    "returned, queue, name, priority, id",
  );
/** A version that knows nothing of commands may have counted crashes. */
const suspects = way(
  "crashes_since_checkpoint >= 2 AND queue = wanted.name AND name = 'command'",
  "queue, name, priority, id",
);
const placed = way(
  `crashes_since_checkpoint < 2 AND place IS NOT NULL AND queue = wanted.name
      AND name = 'command'`,
  "queue, name, priority, place",
);

/** At most `wanted.most` of the group `wanted.name`: id, priority, turn, slots. */
export const heads: string = `SELECT * FROM (
      ${[inLane(false), inLane(true), placed, suspects].join(" UNION ALL ")}) AS way
    ORDER BY priority, turn, id LIMIT wanted.most`;
