// How the processes of commands ended, written before the statements that end their runs: it locks
// the jobs, so that those find them as they were here.

import type { CommandEnd } from "../../../store/command.ts";
import type { Settlement } from "../../../turn.ts";
import type { Statement } from "../../driver.ts";

const note = `WITH held AS MATERIALIZED (
  SELECT job.id FROM queue_runtime.jobs AS job
    JOIN unnest($1::bigint[], $2::integer[]) AS given (id, fence)
    ON job.id = given.id AND job.fence = given.fence
  WHERE job.process_id IS NOT NULL ORDER BY job.id FOR UPDATE OF job
)
UPDATE queue_runtime.commands AS command SET exit_code = run.exit_code, signal = run.signal,
  ended_by = run.ended_by, signals_sent = run.signals_sent, untold = run.untold
FROM held JOIN unnest($1::bigint[], $3::integer[], $4::text[], $5::text[], $6::json[],
    $7::text[]) AS run (id, exit_code, signal, ended_by, signals_sent, untold) ON run.id = held.id
WHERE command.job_id = held.id`;

export type Ended = Settlement & { readonly commandEnd: CommandEnd };

export function hasEnd(settlement: Settlement): settlement is Ended {
  return settlement.commandEnd !== undefined;
}

export function noteEnds(given: readonly Ended[]): Statement {
  const runs = given.toSorted((a, b) => a.id - b.id);
  const ends = runs.map(({ commandEnd }) => commandEnd);
  return [
    note,
    [
      runs.map(({ id }) => id),
      runs.map(({ fence }) => fence),
      ends.map(({ exitCode }) => exitCode),
      ends.map(({ signal }) => signal),
      ends.map(({ endedBy }) => endedBy),
      ends.map(({ signalsSent }) => JSON.stringify(signalsSent)),
      runs.map(({ untold = null }) => untold),
    ],
  ];
}
