// What is wrong with a configuration: collected while it is read, thrown once with everything.

import { relative, resolve } from "node:path";
import { exitCodes } from "../process/exit-codes.ts";

/** Where a value was written. Line and column count from 1; line 0 is not in the file at all. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** Such as `workers[0].threads`, `--store` or `RUNTIME_STORE`; empty for the file as a whole. */
  readonly path: string;
}

export interface Problem extends Place {
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** A file with a thousand mistakes has one cause; nobody reads the other lines. */
const shownProblems = 50;

/** The configuration is not valid; `message` has one line per problem, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly exitCode: number = exitCodes.config;
  readonly problems: readonly Problem[];

  /** @param file as it shall be shown to people */
  constructor(file: string, problems: readonly Problem[]) {
    const lines = problems.slice(0, shownProblems).map((problem) => render(file, problem));
    const hidden = problems.length - lines.length;
    if (hidden > 0) lines.push(`${file}: and ${hidden} more problems`);
    super(lines.join("\n"));
    this.problems = problems;
  }
}

export class Problems {
  readonly #file: string;
  readonly #list: Problem[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  add(place: Place, message: string): void {
    const { line, column, path } = place;
    this.#list.push({ line, column, path, message });
  }

  throwIfAny(): void {
    if (this.#list.length === 0) return;
    const sorted = this.#list.toSorted((a, b) => a.line - b.line || a.column - b.column);
    throw new ConfigError(this.#file, sorted);
  }
}

/** A path as a person would type it from the working directory. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? resolve(path) : short;
}

function render(file: string, { line, path, message }: Problem): string {
  if (line > 0) return `${file}:${line}: ${path === "" ? "" : `${path}: `}${message}`;
  return path === "" ? `${file} ${message}` : `${path}: ${message}`;
}
