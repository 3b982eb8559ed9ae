// A queue as it is seen from outside: a name, whether it is paused, and what waits in it.

export interface Queue {
  readonly name: string;
  readonly paused: boolean;
  readonly ready: number;
  readonly running: number;
  /** How long the oldest ready job has been due, in milliseconds; 0 when none is. */
  readonly latencyMs: number;
}
