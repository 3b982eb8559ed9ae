// What the exit codes of `runtime` mean. Documented in README, checked from outside.

import type { StoreErrorCode } from "@queue-runtime/store";

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

/** What has to change first: the world around the store, or what somebody wrote or granted. */
const codesOfStoreErrors: Readonly<Record<StoreErrorCode, number>> = {
  unreachable: exitCodes.unreachable,
  full: exitCodes.unreachable,
  "read-only": exitCodes.unreachable,
  "newer-schema": exitCodes.config,
  "old-schema": exitCodes.config,
  "not-a-store": exitCodes.config,
  denied: exitCodes.config,
  corrupt: exitCodes.config,
  unsupported: exitCodes.config,
  // a store that refuses one value is sound, and so is its configuration
  invalid: exitCodes.unexpected,
  conflict: exitCodes.unexpected,
};

/** What a process that fails with this error should exit with. */
export function exitCodeOf(error: unknown): number {
  const { name, code, exitCode } = (error ?? {}) as Partial<Record<string, unknown>>;
  if (typeof exitCode === "number") return exitCode;
  if (name === "StoreError") return codesOfStoreErrors[code as StoreErrorCode];
  if (configErrors.has(String(name))) return exitCodes.config;
  if (code === "ERR_ASSERTION") return exitCodes.internal;
  return exitCodes.unexpected;
}
