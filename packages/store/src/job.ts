// A job as it is stored, the states it can be in, and the one table of legal transitions.
// What a job does is code, and lives in the package above.

import type { Gate, Unique } from "./flow.ts";
import type { Json } from "./json.ts";
import type { NewCommand } from "./store/command.ts";

/** In the order of a job's life; DESIGN section 4 draws the chart. */
export const jobStates = [
  "held",
  "waiting",
  "scheduled",
  "blocked",
  "ready",
  "running",
  "finished",
  "failed",
  "cancelled",
] as const;

export type JobState = (typeof jobStates)[number];

/** `module`: code loaded by a worker. `command`: a shell command. */
export type JobKind = "module" | "command";

/**
 * From each state, the states a job may go to next. Every store enforces it in SQL.
 * `held` waits for a person, `waiting` for other jobs, `scheduled` for a time, `blocked` for a
 * concurrency key; each may fall into the next kind of waiting before the job is ready.
 */
export const transitions: Readonly<Record<JobState, readonly JobState[]>> = {
  held: ["waiting", "scheduled", "blocked", "ready", "cancelled"],
  waiting: ["held", "scheduled", "blocked", "ready", "failed", "cancelled"],
  scheduled: ["held", "blocked", "ready", "cancelled"],
  blocked: ["held", "ready", "cancelled"],
  ready: ["held", "scheduled", "blocked", "running", "cancelled"],
  running: ["scheduled", "blocked", "ready", "finished", "failed", "cancelled"],
  finished: ["held", "waiting", "scheduled", "blocked", "ready"],
  failed: ["held", "waiting", "scheduled", "blocked", "ready"],
  cancelled: ["held", "waiting", "scheduled", "blocked", "ready"],
};

/** States a job does not leave by itself. */
export const endStates = ["finished", "failed", "cancelled"] as const;

/** An error as data: it crosses threads, processes and databases. At most 64 kB as JSON. */
export interface JobError {
  readonly name: string;
  readonly message: string;
  /** Machine-readable, such as `ENOENT`; null where the error had none. */
  readonly code: string | null;
  readonly stack: string | null;
  readonly cause: JobError | null;
}

/** How far an iteration or a job that reports it has come. `total` is null while unknown. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
}

/** One stored job. Times are milliseconds since 1970 in UTC. */
export interface Job {
  /** Never reused. */
  readonly id: number;
  readonly name: string;
  readonly kind: JobKind;
  readonly queue: string;
  readonly state: JobState;
  readonly args: Json;
  /** Smaller is more urgent; 0 by default. */
  readonly priority: number;
  /** Runs begun, less those interrupted or crashed. */
  readonly attempts: number;
  /** Runs ended by a stop, a throttle or `maxRuntime`. */
  readonly interruptions: number;
  /** Runs whose process died. */
  readonly crashes: number;
  /** Crashes since the last saved checkpoint: what `maxCrashes` is compared with. */
  readonly crashesSinceCheckpoint: number;
  /** Raised by each claim, release and recovery; a write that carries an older one is refused. */
  readonly fence: number;
  /** The process that runs the job, or null. */
  readonly processId: number | null;
  /** Where the next run resumes; null is the beginning. */
  readonly cursor: Json;
  readonly progress: Progress;
  /**
   * The key of the first gate that it was enqueued with, or given by a `gated` settlement, of
   * whatever kind; null when it has none, whatever its queue adds. So a worker can tell a job that
   * was enqueued by name alone from one that has its gates.
   */
  readonly concurrencyKey: string | null;
  readonly uniqueKey: string | null;
  /**
   * Its unique keys are decided: it was enqueued with some, or for having none, or a `gated`
   * settlement saw to them. Of others the definition may want one.
   */
  readonly keyed: boolean;
  /** The batch it belongs to, or null. */
  readonly batchId: number | null;
  readonly label: string | null;
  /** When the job is or was due. */
  readonly runAt: number;
  readonly createdAt: number;
  /** When the newest run was claimed. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Of the last failed attempt. */
  readonly error: JobError | null;
  readonly result: Json;
  /** A running job that somebody asked to cancel. */
  readonly cancelRequested: boolean;
}

/** The error of one attempt, kept as long as the job. */
export interface JobAttemptError {
  readonly attempt: number;
  readonly at: number;
  readonly error: JobError;
}

export interface JobDetails extends Job {
  readonly errors: readonly JobAttemptError[];
}

/** What an enqueue asks for. */
export interface NewJob {
  readonly name: string;
  /** `module` by default. */
  readonly kind?: JobKind;
  /** `default` by default. */
  readonly queue?: string;
  /** null by default. */
  readonly args?: Json;
  /** 0 by default. */
  readonly priority?: number;
  /** When it is due, in milliseconds since 1970; absent or past means at once. */
  readonly runAt?: number;
  /**
   * How long from now until it is due, in milliseconds, by the store's clock; wins over `runAt`.
   */
  readonly delayMs?: number;
  /** Free text for people; null by default. */
  readonly label?: string | null;
  /** Wait for a person to let it go; false by default. */
  readonly held?: boolean;
  /** Slots it needs before it is ready, at most `mostGates` with different keys; none by default. */
  readonly gates?: readonly Gate[];
  /** Keys that nobody else may have, at most 2; the first taken decides. None by default. */
  readonly uniques?: readonly Unique[];
  /** See `Job.keyed`; true by default where there are any. */
  readonly keyed?: boolean;
  /** Ids of jobs that have to end first, at most 1,000; each has to exist. None by default. */
  readonly after?: readonly number[];
  /**
   * When one of those failed, was cancelled or discarded: `fail` by default. A job that is held stays
   * so, and fails once it is let go.
   */
  readonly ifDependencyFails?: "fail" | "run";
  /** A batch that is open, or sealed and not over. */
  readonly batchId?: number;
  /** What to run; of a job of kind `command`, and of no other. */
  readonly command?: NewCommand;
}

/**
 * The answer to one enqueued job. `exists`, `replaced`: the id is that of the job that has the unique
 * key. `discarded`: no slot was free; the id is nobody's, and never will be.
 */
export interface Enqueued {
  readonly id: number;
  readonly outcome: "created" | "exists" | "replaced" | "discarded";
}

/** A job may lose its process this often without a checkpoint between, then it is failed. */
export const maxCrashes = 3;
