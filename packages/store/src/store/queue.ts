// A queue as it is seen from outside: a name, whether it is paused, and what waits in it.

import type { QueueSettings } from "../flow.ts";

export interface Queue {
  readonly name: string;
  readonly paused: boolean;
  readonly ready: number;
  /** Held, scheduled, or waiting for other jobs. */
  readonly waiting: number;
  /** Waiting for a slot of a key. */
  readonly blocked: number;
  readonly running: number;
  /** How long the oldest ready job has been due, in milliseconds; 0 when none is. */
  readonly latencyMs: number;
  /** null where it has none. */
  readonly settings: QueueSettings | null;
}
