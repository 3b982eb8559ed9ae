// What every contender can be asked to do. Each one runs in processes of its own
// (programs/contender.ts); its file says which settings it has and where they are documented.

import type { Payload } from "../harness/payload.ts";

/** How many jobs a worker process runs at once. */
export const atOnce = 20;

/** The name of the only queue and the only job. */
export const queueName = "bench";

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

/** The job itself. It does nothing, and counts. */
export type Perform = (input: Payload) => void;

export interface ContenderOptions {
  /** Of a database of its own. */
  readonly url: string;
  /** Variant of its settings. */
  readonly variant: string;
}

export type OpenContender = (options: ContenderOptions) => Promise<Contender>;
