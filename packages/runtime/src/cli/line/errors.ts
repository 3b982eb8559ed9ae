// How a command fails: one sentence on stderr and an exit code.

import { exitCodes } from "../../process/exit-codes.ts";
import { visible } from "../terminal/text.ts";

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

/** What a person is told. The stack only helps where we did not expect the error. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `runtime: ${String(error)}`;
  // One line per problem, each already with its place.
  if (error.name === "ConfigError" || error.name === "ModuleError") return error.message;
  if (isAssertion(error) || error instanceof TypeError) {
    return `runtime: an assumption of ours failed; please report it: ${error.stack}`;
  }
  return `runtime: ${error.message.split("\n").map(visible).join("\n")}`;
}

/** Not by its class, for which node:assert would be loaded. */
function isAssertion(error: NodeJS.ErrnoException): boolean {
  return error.code === "ERR_ASSERTION";
}

/** The author API answers wrong options with a TypeError; here somebody typed them. */
export function asUsage(error: unknown): never {
  throw error instanceof TypeError ? new UsageError(error.message) : error;
}
