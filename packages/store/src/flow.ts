// What a job may need beside its time, as data: slots of keys, a name that nobody else has. Which
// statements keep the promises is each store's business; what they mean is said here.
//
// One table serves limits and rates. A key has `limit` slots. A job is ready only while it holds a
// slot of each of its gates; the kinds differ only in when a slot is free again.

import type { JobState } from "./job.ts";
import type { ProcessState } from "./process.ts";

export const gateKinds = ["concurrency", "rate", "fair"] as const;

/**
 * `concurrency`: held until the job ends, or its run failed and is to be repeated; kept over an
 * interruption, a release and a crash. `rate`: free again `ms` after the run began that took it, and
 * every further run needs another, but for one that was released: it gives the slot back to its
 * job. `fair`: free as soon as a run begins.
 */
export type GateKind = (typeof gateKinds)[number];

/**
 * What becomes of a new job that finds no slot. `block`: it waits. `discard`: it is dropped, with the
 * outcome `discarded`. `fail`: StoreError `conflict`, and nothing is enqueued. `replace`: jobs of
 * the key that have not begun are cancelled in its favour. A job that comes from the schedule, when
 * it is due: `discard` and `fail` cancel it; a retry always waits.
 *
 * In a transaction of an application that is open on PostgreSQL no key is held: `discard` and `fail`
 * look whether a slot is free, and where somebody else is faster before it commits, they cancel the
 * job as if it came from the schedule.
 *
 * A job has not begun while it does not run and its attempts, interruptions and crashes are 0: a
 * run that was released or gated counts as nothing.
 */
export type OnConflict = "block" | "discard" | "replace" | "fail";

/** A slot of a key, without which a job is not ready. */
export interface Gate {
  readonly kind: GateKind;
  /** The whole key, such as `invoice.send/acme`; 1 to 400 characters, the same for all kinds. */
  readonly key: string;
  /** How many slots the key has, by the job that asks; 1 or more. */
  readonly limit: number;
  /**
   * Milliseconds. `concurrency`: how long a slot outlives the last sign of its holder, should every
   * other way to free it have failed. `rate`: how long a slot rests. `fair`: 0.
   */
  readonly ms: number;
  /** `block` for a rate and for fairness. */
  readonly onConflict: OnConflict;
}

/** At most this many gates per job. */
export const mostGates = 8;

/**
 * Milliseconds. A job is passed over by others behind it (by priority, then by age) while it sees
 * no slot of some key and they need less than it does: they see more slots, or lack other keys. If
 * it has waited for longer than this, the last slot that it would see is kept for it, key by key,
 * until it has them all: no job is blocked for ever.
 */
export const linePatienceMs = 10_000;

/**
 * A key that at most one job has at a time. Kept by an index, never by a lock. A job has the right
 * to its keys for as long as it is stored, and takes them again whenever it comes back.
 */
export interface Unique {
  /** The whole key, such as `invoice.send/42`; 1 to 400 characters. */
  readonly key: string;
  /**
   * The key is taken while its job is in one of these states, at least one. A job that comes to
   * such a state from another one takes the key again if it is free. Where another job has it, a
   * retry is refused (see `Jobs.retry`), and any other move goes on without the key.
   */
  readonly states: readonly JobState[];
  /**
   * And for no longer than this after it was enqueued, in milliseconds; null: no limit. A key with
   * a limit that is taken when its job is deleted stays taken until then: the answer names a job
   * that is gone.
   */
  readonly forMs: number | null;
  /**
   * When the key is taken. `exists`: nothing happens, the answer names the job that has it.
   * `replace`: a job that has not begun becomes the new one (`replaced`): args, queue, priority,
   * label, time, gates and unique keys; it keeps its id, name and batch, and is admitted like a new
   * job. Where the new one would be dropped for want of a slot, nothing changes (`discarded`).
   * One that runs or has ended is left alone (`exists`). `debounce`: the same, and where the new one
   * has no delay, the old time stays. Neither goes with `after` or a `batchId` of the new job.
   */
  readonly onConflict: "exists" | "replace" | "debounce";
}

/** What is true of every job of a queue, whoever enqueues it. */
export interface QueueSettings {
  /** How many of its jobs may run or be ready at once, over all hosts; null: no limit. */
  readonly slots: number | null;
  /** How many runs may begin in any period of `perMs` milliseconds; null: no limit. */
  readonly rate: Rate | null;
  /**
   * Keys take turns: no key has more than a few ready jobs while others wait. The key of a job is
   * that of its first `concurrency` gate, else of its first rate, else its unique key, else its name.
   * Of a job that came by name alone it is the name until a worker has looked at it, which it does
   * ahead (see `Flow.unseen`).
   */
  readonly fair: boolean;
}

/**
 * At most `limit` runs begin in any `perMs` milliseconds, and at most `burst` of them at once: in any
 * `perMs * burst / limit`. `burst` divides `limit`, because both are exact only then; equal to
 * `limit` it is a plain window.
 */
export interface Rate {
  readonly limit: number;
  readonly perMs: number;
  readonly burst: number;
}

/** A rate as the gate that keeps it. */
export function rateGate(key: string, { limit, perMs, burst }: Rate): Gate {
  const ms = Math.ceil((perMs * burst) / limit);
  return { kind: "rate", key, limit: burst, ms, onConflict: "block" };
}

/** What one look of the second path did, see `Flow.maintain`. */
export interface Maintained {
  /** Slots whose holder was gone. */
  readonly freed: number;
  /** Blocked jobs made ready: at most one per key. */
  readonly promoted: number;
  /** How long until a resting slot is free that some job waits for; null when none is. */
  readonly nextInMs: number | null;
}

/**
 * Why a job is not running, by the predicates of the claim itself; none when it runs in a process
 * that lives, and none for a ready job if and only if the next claim of some worker takes it. The
 * store does not know how many jobs a worker has room for: one that holds none is taken to claim
 * all it can get (up to 1,000), one that holds some to claim one more. A process silent for a
 * minute counts as gone.
 */
export type Reason =
  | { readonly why: "ended"; readonly state: JobState }
  /** It runs in a process that was not heard of since; it runs again when a runtime starts. */
  | {
      readonly why: "silent";
      readonly processId: number;
      readonly process: NonNullable<Holder["process"]>;
      readonly since: number;
    }
  | { readonly why: "held" }
  | { readonly why: "scheduled"; readonly runAt: number; readonly inMs: number }
  | { readonly why: "waiting"; readonly after: readonly { id: number; state: JobState }[] }
  | {
      readonly why: "blocked";
      readonly kind: GateKind;
      readonly key: string;
      readonly limit: number;
      /** Who has the slots, longest first; at most 10. */
      readonly holders: readonly Holder[];
      /** There is a slot, but it is kept for this job, which has waited for long. */
      readonly keptFor: number | null;
      /** Of a rate: how long until the next slot is free. */
      readonly freeInMs: number | null;
    }
  | { readonly why: "paused"; readonly queue: string; readonly since: number }
  /** A command that somebody edits; the lock ends by itself. */
  | { readonly why: "locked"; readonly until: number }
  /**
   * Of a command: the slots of its group are taken, or will be by those before it. `slots` on each
   * host, `taken` on all of them; `ahead`: commands of the group, counted to at most 1,000.
   */
  | {
      readonly why: "slots";
      readonly group: string;
      readonly slots: number;
      readonly taken: number;
      readonly ahead: number;
    }
  /** Of a command: nobody runs commands, though so many runtimes are up. */
  | { readonly why: "no-runner"; readonly group: string; readonly runtimes: number }
  /** No worker takes from its queue. */
  | { readonly why: "no-worker"; readonly queue: string }
  /** No worker of its queue has code for it; beside `no-worker`: no worker at all. */
  | { readonly why: "unknown-name"; readonly name: string }
  /** Due, or its slot is free, and nobody is there to say so. */
  | { readonly why: "no-dispatcher" }
  /** Its slots are free, or what it comes after has ended: a dispatcher is there to say so. */
  | { readonly why: "not-dispatched" }
  /**
   * Every worker that could take it starts, is quiet or stops, or takes others first. `ahead`: how
   * many ready jobs the best of them would claim before it, counted to at most 1,000. `states`: how
   * many of the workers are in each state.
   */
  | {
      readonly why: "workers-full";
      readonly workers: number;
      readonly states: Readonly<Partial<Record<ProcessState, number>>>;
      readonly ahead: number;
    };

export interface Holder {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  /** null when it does not run. */
  readonly processId: number | null;
  /** Name of the process, and its host and pid, when it runs. */
  readonly process: { readonly name: string; readonly host: string; readonly pid: number } | null;
  /** When it took the slot. */
  readonly since: number;
}
