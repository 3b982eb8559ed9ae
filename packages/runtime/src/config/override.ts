// Flags and RUNTIME_… variables, put where the file would have said it. They are checked by the
// same readers; only their place is another, and with it the start of relative paths.

import type { Environment } from "./yaml/expand.ts";
import type { MapTree, ScalarTree } from "./yaml/tree.ts";

/** As they were typed. */
export interface Flags {
  /** Relative to the working directory. */
  readonly store?: string | undefined;
  readonly logLevel?: string | undefined;
  /** Such as `25s`. */
  readonly shutdownTimeout?: string | undefined;
}

interface Override {
  readonly keys: readonly [string, ...string[]];
  readonly flag: keyof Flags;
  /** The first that is set and not empty wins. */
  readonly variables: readonly string[];
}

const overrides: readonly Override[] = [
  { keys: ["store"], flag: "store", variables: ["RUNTIME_STORE"] },
  { keys: ["log", "level"], flag: "logLevel", variables: ["RUNTIME_LOG_LEVEL", "LOG_LEVEL"] },
  {
    keys: ["shutdown_timeout"],
    flag: "shutdownTimeout",
    variables: ["RUNTIME_SHUTDOWN_TIMEOUT"],
  },
];

/** Every variable that says what the file could have said. */
export const overridingVariables: readonly string[] = overrides.flatMap(
  ({ variables }) => variables,
);

export function override(tree: MapTree, env: Environment, flags: Flags): MapTree {
  let result = tree;
  for (const { keys, flag, variables } of overrides) {
    const variable = variables.find((name) => env[name] !== undefined && env[name] !== "");
    const kebab = flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (flags[flag] !== undefined) result = put(result, keys, given(`--${kebab}`, flags[flag]));
    else if (variable) result = put(result, keys, given(variable, env[variable] ?? ""));
  }
  return result;
}

function put(tree: MapTree, keys: readonly string[], value: ScalarTree): MapTree {
  const [key, ...rest] = keys as [string, ...string[]];
  if (rest.length === 0) return { ...tree, entries: new Map([...tree.entries, [key, value]]) };
  const empty: MapTree = { kind: "map", place: value.place, entries: new Map() };
  const inner = tree.entries.get(key) ?? empty;
  // Something else than a map is a mistake of its own, which its reader will name.
  if (inner.kind !== "map") return tree;
  return { ...tree, entries: new Map([...tree.entries, [key, put(inner, rest, value)]]) };
}

/** Already expanded by the shell: a `${` in it is meant as it stands. */
function given(path: string, text: string): ScalarTree {
  const place = { line: 0, column: 0, path };
  return { kind: "scalar", place, value: text, text: text.replaceAll("${", "$${"), quoted: true };
}
