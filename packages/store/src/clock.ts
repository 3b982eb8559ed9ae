// The one place that reads the wall clock, so that tests can hold time still.

/** Where the time comes from. Only embedded stores use it: PostgreSQL has its own clock. */
export interface Clock {
  /** Milliseconds since 1970 in UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
