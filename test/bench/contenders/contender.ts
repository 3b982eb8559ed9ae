// What every contender can be asked to do. Each one runs in processes of its own
// (programs/contender.ts); its file says which settings it has and where they are documented.

import type { Payload } from "../harness/payload.ts";

/** How many jobs a worker process runs at once. */
export const atOnce = 20;

/** The name of the only queue and the only job. */
export const queueName = "bench";

/**
 * What the jobs of a run keep to, by whichever feature of a contender stands for it: one at a time,
 * one of each key at a time, so many in a second, one of each number waiting.
 */
export type Discipline = "chain" | "keys" | "rate" | "unique";

/** How many keys a job of `keys` may have: by its number. */
export const keyCount = 1_000;

/** What `rate` allows. */
export const rate = { limit: 1_000, perMs: 1_000 } as const;

export interface Contender {
  /** Makes what it needs in an empty database. Called once, by one process. */
  migrate(): Promise<void>;
  /** Resolves when it is acknowledged. */
  enqueue(input: Payload): Promise<unknown>;
  /** In one call; absent where there is none. */
  enqueueMany?(inputs: readonly Payload[]): Promise<unknown>;
  /** Connects, and works off jobs, `atOnce` at a time, until the process ends. */
  work(perform: Perform): Promise<void>;
  /** No job is left that has not ended, by what the store says. */
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}

/** The job itself. It does nothing, and counts; under a discipline it lets go once. */
export type Perform = (input: Payload) => void | Promise<void>;

export interface ContenderOptions {
  /** Of a database of its own. */
  readonly url: string;
  /** Variant of its settings. */
  readonly variant: string;
  /** Absent where every job may run at once. */
  readonly discipline?: Discipline;
}

export type OpenContender = (options: ContenderOptions) => Promise<Contender>;
