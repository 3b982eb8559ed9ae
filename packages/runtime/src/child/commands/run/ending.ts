// What the end of a process comes to: whose doing it was, and what is stored of it.
//
// A command that was told to end by a stop of the runtime and exits with 0 has finished, by its own
// word; with anything else it was interrupted, because we cannot tell its failure from ours.

import { retryDelayMs } from "@queue-runtime/job";
import type { CommandEnd, EndedBy, JobError, Settlement } from "@queue-runtime/store";
import { signalNumber } from "../../../process/process-group.ts";
import type { Run } from "../run.ts";

/** Both null: nobody saw it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const unseen: Exit = { code: null, signal: null };

/** Retries of commands wait as those of jobs do; how many there are is each command's own. */
const backOff = { backoff: "exponential", baseMs: 5_000, maxMs: 3_600_000, jitter: 0.2 } as const;

/** @param byOom the out-of-memory killer was at work just now */
export function settlementOf(run: Run, exit: Exit, byOom: () => boolean): Settlement {
  const { id, fence } = run.job;
  const endedBy = endedByOf(run, exit, byOom);
  const commandEnd: CommandEnd = {
    exitCode: exit.code,
    signal: exit.signal,
    endedBy,
    signalsSent: [...run.signals],
  };
  if (endedBy === "person") return { id, fence, commandEnd, outcome: "cancelled" };
  if (isInterrupted(run, exit))
    return { id, fence, commandEnd, outcome: "interrupted", delayMs: 0 };
  if (endedBy === "self" && exit.code === 0) {
    return { id, fence, commandEnd, outcome: "finished", result: null };
  }
  return failed(run, commandEnd, errorOf(run, exit, endedBy));
}

/** One that never had a process. */
export function neverBegan(run: Run, sentence: string, exitCode: number | null): Settlement {
  const end: CommandEnd = { exitCode, signal: null, endedBy: "self", signalsSent: [] };
  return failed(run, end, commandError(sentence, exitCode === null ? null : String(exitCode)));
}

function failed({ job, command }: Run, commandEnd: CommandEnd, error: JobError): Settlement {
  const policy = { ...backOff, limit: command.retryLimit };
  const delayMs = retryDelayMs(policy, job.attempts, Math.random());
  const { id, fence } = job;
  return { id, fence, commandEnd, outcome: "failed", error, retryDelayMs: delayMs };
}

function endedByOf(run: Run, exit: Exit, byOom: () => boolean): EndedBy {
  if (run.cause === "person" || wasSignalledByPeople(run, exit)) return "person";
  if (run.cause === "timeout") return "timeout";
  if (run.cause === null && exit === unseen) return "lost";
  if (wasKilled(exit) && !run.signals.includes("SIGKILL") && byOom()) return "oom";
  return "self";
}

/** Also of a shell that says it of its child. */
function wasKilled({ code, signal }: Exit): boolean {
  return signal === "SIGKILL" || code === 128 + signalNumber("SIGKILL");
}

/** A person sent a signal and it ended by just that one, as far as that can be seen. */
function wasSignalledByPeople(run: Run, exit: Exit): boolean {
  if (exit === unseen) return run.isEndedByPeople;
  const { code, signal } = exit;
  if (signal !== null) return run.isFromPeople(signal);
  return run.signals.some((each) => run.isFromPeople(each) && code === 128 + signalNumber(each));
}

function isInterrupted(run: Run, exit: Exit): boolean {
  return run.cause === "shutdown" && exit.code !== 0;
}

function errorOf({ command }: Run, { code, signal }: Exit, endedBy: EndedBy): JobError {
  if (endedBy === "timeout") {
    return commandError(`took longer than ${command.timeoutMs} ms`, "timeout", "TimeoutError");
  }
  if (endedBy === "oom") return commandError("was ended by the out-of-memory killer", "SIGKILL");
  if (endedBy === "lost") {
    return commandError("its end was not seen: the process that ran it died before it", null);
  }
  if (signal !== null) return commandError(`was ended by ${signal}`, signal);
  return commandError(`exited with ${code}`, String(code));
}

function commandError(message: string, code: string | null, name = "CommandError"): JobError {
  return { name, message, code, stack: null, cause: null };
}
