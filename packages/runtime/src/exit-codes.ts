// What the exit codes of `runtime` mean. Documented in README, checked from outside.

export const exitCodes = {
  /** Clean, also when jobs were interrupted. */
  ok: 0,
  unexpected: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The store cannot be reached at boot. */
  unreachable: 69,
  /** An assertion of ours failed. */
  internal: 70,
  /** Ended, but it is not confirmed that every job was handed back. */
  unconfirmed: 75,
  /** The configuration or the schema is not valid; no restart helps. */
  config: 78,
} as const;
