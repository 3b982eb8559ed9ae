// Positions of runs: cursor and progress, in one statement for all of them.

import type { Checkpoint } from "../../turn.ts";
import type { Statement } from "../driver.ts";
import { toColumn } from "../rows.ts";

const saveAll = `UPDATE queue_runtime.jobs AS job SET
  cursor = CASE WHEN given.moved THEN given.cursor ELSE job.cursor END,
  crashes_since_checkpoint = CASE WHEN given.moved THEN 0 ELSE job.crashes_since_checkpoint END,
  progress_done = CASE WHEN given.counted THEN given.done ELSE job.progress_done END,
  progress_total = CASE WHEN given.counted THEN given.total ELSE job.progress_total END
FROM unnest($1::bigint[], $2::integer[], $3::boolean[], $4::json[], $5::boolean[],
    $6::double precision[], $7::double precision[])
  AS given (id, fence, moved, cursor, counted, done, total)
WHERE job.id = given.id AND job.fence = given.fence AND job.process_id IS NOT NULL
RETURNING job.id, job.fence`;

/** Its rows are the (id, fence) that were taken. */
export function save(checkpoints: readonly Checkpoint[]): Statement {
  const column = <T>(of: (checkpoint: Checkpoint) => T): T[] => checkpoints.map(of);
  return [
    saveAll,
    [
      column(({ id }) => id),
      column(({ fence }) => fence),
      column(({ cursor }) => cursor !== undefined),
      column(({ cursor }) => toColumn(cursor)),
      column(({ progress }) => progress !== undefined),
      column(({ progress }) => progress?.done ?? 0),
      column(({ progress }) => progress?.total ?? null),
    ],
  ];
}

/** One for each run, in which the later of several wins: a statement changes a row only once. */
export function newest(checkpoints: readonly Checkpoint[]): readonly Checkpoint[] {
  if (checkpoints.length < 2) return checkpoints;
  const merged = new Map<string, Checkpoint>();
  for (const { id, fence, cursor, progress } of checkpoints) {
    const key = `${id}/${fence}`;
    const before = merged.get(key);
    merged.set(key, {
      id,
      fence,
      ...before,
      ...(cursor !== undefined && { cursor }),
      ...(progress !== undefined && { progress }),
    });
  }
  return [...merged.values()];
}
