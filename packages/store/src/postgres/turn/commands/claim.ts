// The claim of exactly these jobs: of commands, whose turn is decided by those who count the slots
// of their groups. It knows no lanes. What an editor has locked is left; the row of the command is
// locked to see its newest lock. It answers in the rows of any other claim.

import type { Claim } from "../../../turn.ts";
import type { Statement } from "../../driver.ts";
import { jobColumns } from "../../rows.ts";
import { type Asked, flow, surroundings } from "../claim.ts";
import { asJob } from "../claim-rows.ts";

const claimThese = `WITH ${flow}, me AS MATERIALIZED (
  SELECT id FROM queue_runtime.processes WHERE id = $1 AND epoch = $2 FOR KEY SHARE
), open AS MATERIALIZED (
  SELECT job_id FROM queue_runtime.commands WHERE job_id = ANY ($3::bigint[])
    AND coalesce(locked_until <= (SELECT queue_runtime.now_ms()), true)
  ORDER BY job_id FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
  SELECT job.id FROM (
    SELECT id, min(number) AS number FROM unnest($3::bigint[]) WITH ORDINALITY AS each (id, number)
    GROUP BY id ORDER BY 2
  ) AS wanted CROSS JOIN LATERAL (
    SELECT id FROM queue_runtime.jobs
    WHERE id = wanted.id AND state || '' = 'ready' AND name = ANY ($4::text[])
      AND (kind <> 'command' OR id IN (SELECT job_id FROM open))
      AND ($5::boolean OR queue NOT IN (SELECT name FROM queue_runtime.paused_queues))
    FOR UPDATE SKIP LOCKED
  ) AS job
  WHERE EXISTS (SELECT FROM me) LIMIT $6
), claimed AS (
  UPDATE queue_runtime.jobs AS job SET state = 'running', process_id = $1,
    fence = job.fence + 1, attempts = job.attempts + 1, started_at = (SELECT queue_runtime.now_ms())
  WHERE id = ANY (array(SELECT picked.id FROM picked))
  RETURNING ${jobColumns("live")}, job.place, job.returned
)
SELECT * FROM claimed
UNION ALL SELECT ${asJob({ ...surroundings, interruptions: "0", crashes: "0" })},
  NULL, NULL, NULL, false`;

export function claimIdsStatement({ processId, epoch, claim }: Asked): Statement {
  const { ids = [], names, evenPaused = false, limit } = claim;
  const wanted = ids.filter(Number.isSafeInteger);
  return [claimThese, [processId, epoch, wanted, names, evenPaused, limit]];
}

/** In the order of the ids. */
export function inOrder<T extends { readonly job: { readonly id: number } }>(
  caught: readonly T[],
  { ids = [] }: Claim,
): readonly T[] {
  // the first of an id that is named twice
  const places = new Map(ids.map((id, place) => [id, place] as const).toReversed());
  return caught.toSorted((a, b) => places.get(a.job.id)! - places.get(b.job.id)!);
}
