// What a configuration was read from. Two processes that read the same text with the same
// variables mean the same by it: a command line need not check again what its runtime has checked.

import type { Config } from "../config.ts";
import { overridingVariables } from "./override.ts";
import type { Environment } from "./yaml/expand.ts";

export interface Origin {
  /** Of queue.yml. */
  readonly text: string;
  /** All that the text may name, and those that win over it; null where one is not set. */
  readonly variables: Readonly<Record<string, string | null>>;
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

export function describeOrigin(text: string, env: Environment): Origin {
  const named = [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name!);
  const names = [...new Set([...overridingVariables, ...named])].sort();
  const variables = Object.fromEntries(names.map((name) => [name, env[name] ?? null]));
  return { text, variables };
}
