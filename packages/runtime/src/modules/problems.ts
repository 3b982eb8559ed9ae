// What is wrong with job modules and the hooks file: collected over all files, thrown once.

import { displayPath } from "../config/problems.ts";
import { exitCodes } from "../process/exit-codes.ts";

export interface ModuleProblem {
  /** Absolute. */
  readonly file: string;
  /** Counts from 1; null when nobody knows. */
  readonly line: number | null;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** Code of users that cannot be loaded; `message` has one line per problem. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  readonly exitCode: number = exitCodes.config;
  readonly problems: readonly ModuleProblem[];

  constructor(problems: readonly ModuleProblem[]) {
    super(problems.map(problemText).join("\n"));
    this.problems = problems;
  }
}

export function problemText({ file, line, message }: ModuleProblem): string {
  return `${displayPath(file)}:${line === null ? "" : `${line}:`} ${message}`;
}
