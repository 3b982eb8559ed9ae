// Jobs of kind `command`: what is stored of a shell command beside its job, of its groups, and what
// people may do to it. How processes are started, watched and ended is the runtime's business.
//
// A command is an ordinary job with the name `command`: states, priorities, times, keys and
// dependencies are those of any job, and it is claimed, settled and recovered like any. The group
// is its queue. Slots of a group are counted by the runtime that runs the commands, not here: a
// number of processes is a matter of one host, and a command that waits for one is `ready`.

import type { Job, JobState } from "../job.ts";

/** The name of every command; no job module may have it. */
export const commandName = "command";

/**
 * `self`: the process ended by itself, whatever its exit code. `person`: by a kill. `timeout`: it
 * took longer than it may. `oom`: by the out-of-memory killer. `dependency`: it never began, because
 * a job that it comes after failed. `lost`: nobody saw its end.
 */
export type EndedBy = "self" | "person" | "timeout" | "oom" | "dependency" | "lost";

/** What an `add` asks for, beside what every job has. */
export interface NewCommand {
  /** As a person reads it; the line for the shell, unless `argv` is given. 1 character to 1 MB. */
  readonly line: string;
  /** Program and arguments, run without a shell; null: `line` is run by the shell. */
  readonly argv: readonly string[] | null;
  /** Absolute. */
  readonly directory: string;
  /** The whole of it: nothing is added but what the runtime says. Names without `=`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Keep stderr apart; false by default. */
  readonly separate?: boolean;
  /** How many slots of its group it takes; 1 by default. */
  readonly slots?: number;
  /** Retries after the first attempt; 0 by default. */
  readonly retryLimit?: number;
  /** How long it may run, in milliseconds; null, the default: for ever. */
  readonly timeoutMs?: number | null;
}

/** Who runs a command: enough to know the process again, also after its pid was used anew. */
export interface CommandProcess {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Start time of the pid, in clock ticks since boot; 0 where the system does not tell. */
  readonly startTicks: number;
  readonly bootId: string;
  readonly host: string;
}

/** How the process of a run ended. */
export interface CommandEnd {
  readonly exitCode: number | null;
  /** Such as `SIGKILL`; null when it exited. */
  readonly signal: string | null;
  readonly endedBy: EndedBy;
  /** What was sent to it by the runtime, in order, such as `SIGTERM`. */
  readonly signalsSent: readonly string[];
}

/** What is known of a command beside its job; never its environment. */
export interface Command {
  readonly line: string;
  readonly argv: readonly string[] | null;
  readonly directory: string;
  readonly separate: boolean;
  readonly slots: number;
  readonly retryLimit: number;
  readonly timeoutMs: number | null;
  /** Ids it comes after, also those that have ended; in ascending order. */
  readonly after: readonly number[];
  /** Of the run that is under way, or of the last one; null before the first. */
  readonly process: CommandProcess | null;
  /** Slot number in its group, from 0; of the run that is under way or the last one. */
  readonly slot: number | null;
  /** Stopped by a person; only while it runs. */
  readonly paused: boolean;
  /** The process that ran it is gone, and another one looks after it now. */
  readonly adopted: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly endedBy: EndedBy | null;
  readonly signalsSent: readonly string[];
  /** Somebody edits it: it is not claimed, forced or changed by others until this time. */
  readonly lockedUntil: number | null;
}

export interface CommandJob extends Job {
  readonly command: Command;
}

/** What a worker needs to run one. */
export interface RunnableCommand {
  readonly id: number;
  readonly command: Command;
  readonly environment: Readonly<Record<string, string>>;
}

/** A ready command at the head of its group. */
export interface QueuedCommand {
  readonly id: number;
  readonly group: string;
  readonly slots: number;
}

export interface CommandGroupSettings {
  readonly name: string;
  /** How many slots it has; 0: no limit. */
  readonly slots: number;
  /** A failed command pauses it. */
  readonly pauseOnFailure: boolean;
  readonly paused: boolean;
}

export interface CommandGroup extends CommandGroupSettings {
  /** How many commands of each state it has; states with none are absent. */
  readonly jobs: Readonly<Partial<Record<JobState, number>>>;
}

export interface GroupSettings {
  readonly slots?: number;
  readonly pauseOnFailure?: boolean;
}

/** The outcome names what was done, such as `stashed`. */
export interface CommandAction {
  readonly id: number;
  readonly outcome: "done" | "refused" | "unknown";
  /** One sentence, with `refused` and `unknown`. */
  readonly error?: string;
}
