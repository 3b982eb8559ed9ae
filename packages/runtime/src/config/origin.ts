// What a configuration was read from. Two processes that read the same text with the same
// variables mean the same by it: a command line need not check again what its runtime has checked.

import type { Config } from "../config.ts";
import { overridingVariables } from "./override.ts";
import type { Environment } from "./yaml/expand.ts";

export interface Origin {
  /** Of queue.yml. */
  readonly text: string;
  /** Those that it names and those that win over it; null where one is not set. */
  readonly variables: Readonly<Record<string, string | null>>;
  /** Where paths in those that win begin; null when there is none. */
  readonly folder: string | null;
}

/** Beside the configurations and not in them: they are sent to children, which need none of it. */
const origins = new WeakMap<Config, Origin>();

export function noteOrigin(config: Config, origin: Origin): void {
  origins.set(config, origin);
}

/** undefined: flags said a part of it. */
export function originOf(config: Config): Origin | undefined {
  return origins.get(config);
}

/** `named`: the variables that the text names. */
export function originFrom(text: string, named: readonly string[], env: Environment): Origin {
  const names = [...new Set([...overridingVariables, ...named])];
  const variables = Object.fromEntries(names.map((name) => [name, env[name] ?? null]));
  const isOverridden = overridingVariables.some((name) => env[name]);
  return { text, variables, folder: isOverridden ? process.cwd() : null };
}

/**
 * For who has not parsed the text. A variable in it that is written with escapes of YAML is missed:
 * whoever has parsed it knows of one more, and says that this is not the same.
 */
export function originOfText(text: string, env: Environment): Origin {
  const named = [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name!);
  return originFrom(text, named, env);
}

/** Whether somebody who knows no more than `other` would have read what was read from `own`. */
export function isSameOrigin(own: Origin, other: Origin): boolean {
  const same = ([name, value]: [string, string | null]): boolean =>
    Object.hasOwn(other.variables, name) && other.variables[name] === value;
  const { text, folder } = own;
  return (
    text === other.text && folder === other.folder && Object.entries(own.variables).every(same)
  );
}
