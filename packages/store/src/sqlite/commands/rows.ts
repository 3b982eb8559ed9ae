// Rows to commands. No queries.

import type { Json } from "../../json.ts";
import { isOver } from "../../rules/commands/answers.ts";
import type { Command, CommandJob, CommandProcess, EndedBy } from "../../store/command.ts";
import { fromColumn, jobColumns, toJob } from "../rows.ts";

/** The columns of a command in the order that `toCommandJob` reads them, of jobs and commands. */
export const commandColumns: string = `${jobColumns}, line, argv, directory, separate, slots,
  retry_limit, timeout_ms,
  (SELECT json_group_array(on_id) FROM (
    SELECT on_id FROM command_after WHERE command_after.job_id = jobs.id ORDER BY on_id)),
  pid, start_ticks, boot_id, host, slot, paused, adopted, exit_code, signal, ended_by, signals_sent,
  locked_until`;

type CommandTuple = [
  line: string,
  argv: string | null,
  directory: string,
  separate: number,
  slots: number,
  retryLimit: number,
  timeoutMs: number | null,
  after: string,
  pid: number | null,
  startTicks: number,
  bootId: string,
  host: string,
  slot: number | null,
  paused: number,
  adopted: number,
  exitCode: number | null,
  signal: string | null,
  endedBy: EndedBy | null,
  signalsSent: string,
  lockedUntil: number | null,
];

/** How many columns of a job come first. */
const jobWidth = jobColumns.split(",").length;

/** From a row that is an array; `now` decides whether a lock still counts. */
export function toCommandJob(row: unknown, now: number): CommandJob {
  const job = toJob(row);
  const tuple = (row as unknown[]).slice(jobWidth) as CommandTuple;
  const lockedUntil = tuple[19];
  const isLocked = lockedUntil !== null && lockedUntil > now && !isOver(job.state);
  const command: Command = {
    line: tuple[0],
    argv: fromColumn<Json>(tuple[1]) as readonly string[] | null,
    directory: tuple[2],
    separate: tuple[3] === 1,
    slots: tuple[4],
    retryLimit: tuple[5],
    timeoutMs: tuple[6],
    after: JSON.parse(tuple[7]) as number[],
    process: processOf(tuple),
    slot: tuple[12],
    paused: tuple[13] === 1 && job.state === "running",
    adopted: tuple[14] === 1,
    exitCode: tuple[15],
    signal: tuple[16],
    endedBy: tuple[17],
    signalsSent: JSON.parse(tuple[18]) as string[],
    lockedUntil: isLocked ? lockedUntil : null,
  };
  return { ...job, command };
}

function processOf([, , , , , , , , pid, startTicks, bootId, host]: CommandTuple) {
  return pid === null ? null : ({ pid, startTicks, bootId, host } satisfies CommandProcess);
}
