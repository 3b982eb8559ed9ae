// Rows to commands. No queries.

import { isOver } from "../../rules/commands/answers.ts";
import type { Command, CommandJob, EndedBy } from "../../store/command.ts";
import { jobColumns, sharedColumns, toJob } from "../rows.ts";

/** Of `job`, a row of `jobs` or `ended_jobs` as `jobIn` has it, and of `command`. */
export const commandColumns: string = `${jobColumns("all")}, command.line, command.argv,
  command.directory, command.separate, command.slots, command.retry_limit, command.timeout_ms,
  (SELECT coalesce(json_agg(on_id ORDER BY on_id), '[]') FROM queue_runtime.command_after AS other
    WHERE other.job_id = command.job_id),
  command.pid, command.start_ticks, command.boot_id, command.host, command.slot, command.paused,
  command.adopted, command.exit_code, command.signal, command.ended_by, command.signals_sent,
  CASE WHEN command.locked_until > queue_runtime.now_ms() THEN command.locked_until END`;

const shared = sharedColumns.join(", ");

/** The job of an id, in whichever table it is. */
export const jobIn = (id: string): string => `LATERAL (
    SELECT ${shared}, process_id, cancel_requested_at, NULL::bigint AS finished_at,
      NULL::json AS result FROM queue_runtime.jobs WHERE id = ${id}
    UNION ALL SELECT ${shared}, NULL, NULL, finished_at, result
    FROM queue_runtime.ended_jobs WHERE id = ${id}
  ) AS job`;

/** How many columns of a job come first. */
const jobWidth = jobColumns("all").split(",").length;

type CommandTuple = [
  line: string,
  argv: readonly string[] | null,
  directory: string,
  separate: boolean,
  slots: number,
  retryLimit: number,
  timeoutMs: number | null,
  after: readonly number[],
  pid: number | null,
  startTicks: number,
  bootId: string,
  host: string,
  slot: number | null,
  paused: boolean,
  adopted: boolean,
  exitCode: number | null,
  signal: string | null,
  endedBy: EndedBy | null,
  signalsSent: readonly string[],
  lockedUntil: number | null,
];

export function toCommandJob(row: unknown): CommandJob {
  const job = toJob(row);
  const tuple = (row as unknown[]).slice(jobWidth) as CommandTuple;
  const [pid, startTicks, bootId, host] = [tuple[8], tuple[9], tuple[10], tuple[11]];
  const command: Command = {
    line: tuple[0],
    argv: tuple[1],
    directory: tuple[2],
    separate: tuple[3],
    slots: tuple[4],
    retryLimit: tuple[5],
    timeoutMs: tuple[6],
    after: tuple[7],
    process: pid === null ? null : { pid, startTicks, bootId, host },
    slot: tuple[12],
    paused: tuple[13] && job.state === "running",
    adopted: tuple[14],
    exitCode: tuple[15],
    signal: tuple[16],
    endedBy: tuple[17],
    signalsSent: tuple[18],
    lockedUntil: isOver(job.state) ? null : tuple[19],
  };
  return { ...job, command };
}
