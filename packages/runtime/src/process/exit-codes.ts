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

/** Errors that no restart helps against; by name, because they may come from another process. */
const configErrors = new Set(["ConfigError", "ModuleError"]);
const outOfReach = new Set(["unreachable", "full", "read-only"]);

/** What a process that fails with this error should exit with. */
export function exitCodeOf(error: unknown): number {
  const { name, code, exitCode } = (error ?? {}) as Partial<Record<string, unknown>>;
  if (typeof exitCode === "number") return exitCode;
  if (name === "StoreError") {
    return outOfReach.has(String(code)) ? exitCodes.unreachable : exitCodes.config;
  }
  if (configErrors.has(String(name))) return exitCodes.config;
  if (code === "ERR_ASSERTION") return exitCodes.internal;
  return exitCodes.unexpected;
}
