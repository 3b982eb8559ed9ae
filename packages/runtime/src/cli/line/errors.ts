// How a command fails: one sentence on stderr and an exit code.

import { AssertionError } from "node:assert";
import { StoreError, type StoreErrorCode } from "@queue-runtime/store";
import { exitCodes } from "../../exit-codes.ts";

/** A command that cannot do what it was asked; the message is for the person who asked. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  /** `exitCode` is 1 by default. */
  constructor(message: string, exitCode: number = exitCodes.unexpected) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, exitCodes.usage);
  }
}

const storeExitCodes: Readonly<Record<StoreErrorCode, number>> = {
  unreachable: exitCodes.unreachable,
  "read-only": exitCodes.unreachable,
  full: exitCodes.unreachable,
  corrupt: exitCodes.unreachable,
  "newer-schema": exitCodes.config,
  "old-schema": exitCodes.config,
  "not-a-store": exitCodes.config,
  unsupported: exitCodes.config,
  invalid: exitCodes.unexpected,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof StoreError) return storeExitCodes[error.code];
  if (error instanceof AssertionError) return exitCodes.internal;
  if (error instanceof Error && "exitCode" in error && typeof error.exitCode === "number") {
    return error.exitCode;
  }
  return exitCodes.unexpected;
}

/** What a person is told. The stack only helps where we did not expect the error. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `runtime: ${String(error)}`;
  // One line per problem, each already with its place.
  if (error.name === "ConfigError") return error.message;
  if (error instanceof AssertionError || error instanceof TypeError) {
    return `runtime: an assumption of ours failed; please report it: ${error.stack}`;
  }
  return `runtime: ${error.message}`;
}
