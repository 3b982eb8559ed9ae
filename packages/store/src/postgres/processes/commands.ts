// Commands of a process that ended, or left in good order, where nobody took them over.

import type { Evidence } from "../../process.ts";
import { judgeCommand } from "../../rules/commands/lost.ts";
import type { Verdict } from "../../rules/verdict.ts";
import type { Run } from "../driver.ts";

/** What becomes of a job whose process ended. */
export interface Ruling extends Verdict {
  /** The run counts as an attempt. */
  readonly spent: boolean;
}

/** Their jobs are locked. */
const these = `SELECT job.id, job.fence, job.attempts, job.cancel_requested_at IS NOT NULL,
  coalesce(command.retry_limit, 0), command.pid IS NOT NULL
FROM queue_runtime.jobs AS job LEFT JOIN queue_runtime.commands AS command ON job_id = job.id
WHERE job.id = ANY ($1::bigint[]) ORDER BY job.id`;

type CommandRow = [
  id: number,
  fence: number,
  attempts: number,
  cancelled: boolean,
  retryLimit: number,
  began: boolean,
];

const markLost = `UPDATE queue_runtime.commands SET ended_by = 'lost'
  WHERE job_id = ANY ($1::bigint[])`;

export async function judgeCommands(
  run: Run,
  ids: readonly number[],
  started: Evidence["started"],
): Promise<readonly Ruling[]> {
  if (ids.length === 0) return [];
  const rows = (await run(these, [ids])).rows as CommandRow[];
  const verdicts = rows.map(([id, fence, attempts, cancelled, retryLimit, began]) =>
    judgeCommand({ id, fence, attempts, cancelled, retryLimit, began }, started),
  );
  const lost = verdicts.flatMap((verdict) => (verdict.lost ? [verdict.id] : []));
  if (lost.length > 0) await run(markLost, [lost]);
  return verdicts.map(({ id, outcome, error, lost: spent }) => ({
    ...{ id, outcome, error, crashed: false, spent },
  }));
}
