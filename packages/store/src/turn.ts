// A worker's turn: everything it has to write and everything it wants to take, in one transaction.
// One commit and one fsync serve a whole batch; a lone job is a batch of one and never waits.

import type { Gate, Unique } from "./flow.ts";
import type { Job, JobError, Progress } from "./job.ts";
import type { Json } from "./json.ts";
import type { CommandEnd, RunnableCommand } from "./store/command.ts";

/** How one run ended. `fence` is the one the job was claimed with; an older one is refused. */
export type Settlement = {
  readonly id: number;
  readonly fence: number;
  /** The newest position, when the run has one that is not saved yet. */
  readonly cursor?: Json;
  readonly progress?: Progress;
  /** Of a command: how its process ended; written with the outcome. */
  readonly commandEnd?: CommandEnd;
  /** With `commandEnd`: the host that owes somebody a word of it; see `Commands.untold`. */
  readonly untold?: string;
} & (
  | { readonly outcome: "finished"; readonly result: Json }
  /** `retryDelayMs` null: no retry is left. */
  | { readonly outcome: "failed"; readonly error: JobError; readonly retryDelayMs: number | null }
  /** Ended by a stop, a throttle or `maxRuntime`: ready again after `delayMs`, no attempt spent. */
  | { readonly outcome: "interrupted"; readonly delayMs: number }
  /** Handed back before it reached a thread, or swept along with its thread: counts as nothing. */
  | { readonly outcome: "released" }
  /** Its thread died under several runs, and nobody knows by which: ready again, as a suspect. */
  | { readonly outcome: "crashed" }
  | { readonly outcome: "cancelled" }
  /**
   * It was enqueued by name alone and its definition wants more: it gets these gates and unique
   * keys, counts as nothing, and is admitted as if it came from the schedule. Where somebody has a
   * key it is cancelled, with an error that names him; with `replace` and `debounce` he becomes this
   * job first, unless he has begun or is the newer one. A job that has begun waits for its slots,
   * and goes without the keys that others have.
   */
  | Gated
);

/** What a job lacks that was enqueued by name alone. */
export interface Gated {
  readonly outcome: "gated";
  readonly gates: readonly Gate[];
  /** At most 2; none by default. */
  readonly uniques?: readonly Unique[];
}

/** A position saved while the run goes on. Saving a cursor also forgives earlier crashes. */
export interface Checkpoint {
  readonly id: number;
  readonly fence: number;
  /** Absent: only progress is written. */
  readonly cursor?: Json;
  readonly progress?: Progress;
}

/** One run of a job, by the fence it was claimed with. */
export interface Held {
  readonly id: number;
  readonly fence: number;
}

/** Which ready jobs a worker would take. */
export interface Claim {
  /** In order of preference: a name, a prefix ending in `*`, or `*` for every queue. */
  readonly queues: readonly string[];
  /** Names of the jobs this worker has code for; others are left for workers that know them. */
  readonly names: readonly string[];
  /** At most this many. */
  readonly limit: number;
  /**
   * Nothing else runs in this process. A suspect (one crash short of `maxCrashes`) comes alone, as
   * the only job of its claim; to a worker that is busy it comes only after `suspectPatienceMs`.
   */
  readonly idle: boolean;
  /** No suspect, please: the last one waited here in vain. False by default. */
  readonly noSuspects?: boolean;
  /**
   * Exactly these jobs, as far as they are ready and of these names; in this order, whatever else
   * is ready. `queues` then means nothing, and those of a paused queue are left.
   */
  readonly ids?: readonly number[];
  /** With `ids`: also from queues that are paused. False by default. */
  readonly evenPaused?: boolean;
}

/** How long a suspect is left for an idle worker before a busy one takes it, in milliseconds. */
export const suspectPatienceMs = 1_000;

export interface Turn {
  readonly processId: number;
  readonly settlements: readonly Settlement[];
  readonly checkpoints: readonly Checkpoint[];
  readonly claim: Claim | null;
  /**
   * After a turn whose answer never came, so that nobody knows whether it was committed: every run
   * that this process knows to hold, also those it settles here. Whatever else it holds is released
   * (a claim that got lost, even of one of these jobs: its fence is newer), and settlements
   * repeated here that had been taken are no longer refused.
   */
  readonly holding?: readonly Held[];
}

export interface TurnAnswer {
  /** Settlements and checkpoints that came with an old fence: somebody else holds those jobs. */
  readonly refused: readonly Held[];
  readonly claimed: readonly Job[];
  /** Of what was claimed by `ids`: what it takes to run those that are commands. */
  readonly commands: readonly RunnableCommand[];
  /**
   * A claim at once may find more: the limit was reached, others were just looking at it, or what
   * was written here made other jobs ready, and nothing was claimed.
   */
  readonly more: boolean;
  /** Jobs of this process that somebody asked to cancel. */
  readonly cancelRequested: readonly Held[];
  /** This process is no longer registered (it was pruned): nothing was claimed, it should stop. */
  readonly evicted: boolean;
}
