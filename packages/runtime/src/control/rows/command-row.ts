// A command and a group of them as JSON shows them; never an environment.

import type { CommandGroup, CommandJob } from "@queue-runtime/store";
import type { CommandRow, GroupRow } from "../desk.ts";
import { isoTime } from "./iso-time.ts";

/** @param now by the clock of the store, as far as locks of editors go */
export function commandRow(job: CommandJob, now: number): CommandRow {
  const { command } = job;
  return {
    id: job.id,
    name: job.name,
    kind: "command",
    queue: job.queue,
    state: job.state,
    priority: job.priority,
    attempts: job.attempts,
    command: command.line,
    directory: command.directory,
    label: job.label,
    after: command.after,
    slots: command.slots,
    slot: command.slot,
    pid: command.process?.pid ?? null,
    exit_code: command.exitCode,
    signal: command.signal,
    ended_by: command.endedBy,
    signals_sent: command.signalsSent,
    paused: command.paused,
    locked: command.lockedUntil !== null && command.lockedUntil > now,
    adopted: command.adopted,
    run_at: isoTime(job.runAt),
    created_at: isoTime(job.createdAt),
    started_at: isoTime(job.startedAt),
    finished_at: isoTime(job.finishedAt),
    error: job.error,
  };
}

export function groupRow(group: CommandGroup): GroupRow {
  const { name, slots, paused, pauseOnFailure, jobs } = group;
  const queued = (jobs.ready ?? 0) + (jobs.waiting ?? 0) + (jobs.blocked ?? 0);
  return {
    name,
    slots,
    paused,
    pause_on_failure: pauseOnFailure,
    running: jobs.running ?? 0,
    queued,
    jobs,
  };
}
