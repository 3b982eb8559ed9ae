// queue.yml to Config: read, parse, override, expand, check, freeze. Each step is its own file.

import { dirname, resolve } from "node:path";
import type { Config } from "../config.ts";
import { noteOrigin, originFrom } from "./origin.ts";
import { type Flags, override } from "./override.ts";
import { displayPath, Problems } from "./problems.ts";
import { readSource } from "./source.ts";
import { validate } from "./validate/file.ts";
import { type Environment, expandTree, variablesIn } from "./yaml/expand.ts";
import { linesOf } from "./yaml/lines.ts";
import { parseTree } from "./yaml/parse.ts";

export interface LoadOptions {
  /** For `${NAME}` in the file and for RUNTIME_…; `process.env` by default. */
  readonly env?: Environment;
  /** From the command line; they win over the environment, which wins over the file. */
  readonly flags?: Flags;
}

/**
 * Reads, expands, overrides and checks queue.yml; the answer is frozen.
 * @throws ConfigError with every problem at once
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<Config> {
  const { env = process.env, flags = {} } = options;
  const path = resolve(file);
  const problems = new Problems(displayPath(path));
  const text = await readSource(path, problems);
  const written = parseTree(text, problems);
  const tree = expandTree(override(written, env, flags), env, problems);
  const config = validate(tree, dirname(path), problems);
  problems.throwIfAny();
  const whole = deepFreeze({ file: path, lines: linesOf(tree), ...config });
  if (Object.values(flags).every((flag) => flag === undefined)) {
    noteOrigin(whole, originFrom(text, variablesIn(written), env));
  }
  return whole;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
