// What a callback is told of a command that ended: as variables and as JSON, the same in both.
// Never a part of the callback's own line, where a name with a quote in it would be code.

import { type CommandJob, type Settlement, systemClock } from "@queue-runtime/store";
import type { CallbackResult } from "../../../config.ts";
import type { Run } from "../run.ts";

export interface Facts {
  readonly job_id: number;
  readonly group: string;
  readonly result: CallbackResult;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly ended_by: string | null;
  readonly command: string;
  readonly directory: string;
  readonly label: string | null;
  readonly started_at: string | null;
  readonly finished_at: string;
  /** The file of its output. */
  readonly output: string | null;
  /** How many of its group are ready, now. */
  readonly queued: number;
}

/** The system takes no longer variable; the JSON has all of it. */
const longestVariable = 100_000;

/** null: it goes on, sooner or later. */
export function resultOf(settlement: Settlement): CallbackResult | null {
  const { outcome } = settlement;
  if (outcome === "finished" || outcome === "cancelled") return outcome;
  return outcome === "failed" && settlement.retryDelayMs === null ? outcome : null;
}

/** All but what is counted when it is told. */
export type EndFacts = Omit<Facts, "queued">;

export function factsOf(run: Run, settlement: Settlement, result: CallbackResult): EndFacts {
  const { job, command } = run;
  return {
    job_id: job.id,
    group: job.queue,
    result,
    exit_code: settlement.commandEnd?.exitCode ?? null,
    signal: settlement.commandEnd?.signal ?? null,
    ended_by: settlement.commandEnd?.endedBy ?? null,
    command: command.line,
    directory: command.directory,
    label: job.label,
    started_at: job.startedAt === null ? null : new Date(job.startedAt).toISOString(),
    finished_at: new Date(systemClock.now()).toISOString(),
    output: run.output[0] ?? null,
  };
}

/** Of an end that another process saw, or nobody. @param output of a run */
export function storedFactsOf(
  { command, ...job }: CommandJob,
  result: CallbackResult,
  output: string,
): EndFacts {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    job_id: job.id,
    group: job.queue,
    result,
    exit_code: command.exitCode,
    signal: command.signal,
    ended_by: command.endedBy,
    command: command.line,
    directory: command.directory,
    label: job.label,
    started_at: time(job.startedAt),
    finished_at: time(job.finishedAt ?? systemClock.now())!,
    output: command.process ? output : null,
  };
}

/** `RUNTIME_JOB_ID` and so on; what is not known is empty. */
export function variablesOf(facts: Facts): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => {
      return [`RUNTIME_${name.toUpperCase()}`, String(value ?? "").slice(0, longestVariable)];
    }),
  );
}
