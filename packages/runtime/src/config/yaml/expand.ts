// `${NAME}` and `${NAME:-default}` inside values, after the YAML is parsed: a variable is a value,
// and can never add a key or a line. `$${` is a plain `${`; `$NAME` without braces is plain text.

import type { Place, Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import type { ScalarTree, Tree } from "./tree.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A value that is one expansion and nothing else becomes what YAML would read in its text, so that
 * `threads: ${N:-3}` is a number; where text is wanted it stays text, so that a token of digits is
 * not a number. As in a shell, `:-` also replaces an empty variable.
 */
export function expandTree<T extends Tree>(tree: T, env: Environment, problems: Problems): T;
export function expandTree(tree: Tree, env: Environment, problems: Problems): Tree {
  switch (tree.kind) {
    case "scalar":
      return expandScalar(tree, env, problems);
    case "list":
      return { ...tree, items: tree.items.map((item) => expandTree(item, env, problems)) };
    case "map": {
      const pairs = [...tree.entries].map(
        ([key, value]) => [key, expandTree(value, env, problems)] as const,
      );
      return { ...tree, entries: new Map(pairs) };
    }
  }
}

/** The variables that the values of a tree name. */
export function variablesIn(tree: Tree): readonly string[] {
  switch (tree.kind) {
    case "scalar": {
      const bodies = [...(tree.text ?? "").matchAll(expansion)].map(([, body]) => body ?? "");
      return bodies.flatMap((body) => form.exec(body)?.[1] ?? []);
    }
    case "list":
      return tree.items.flatMap(variablesIn);
    case "map":
      return [...tree.entries.values()].flatMap(variablesIn);
  }
}

function expandScalar(scalar: ScalarTree, env: Environment, problems: Problems): ScalarTree {
  const { text } = scalar;
  if (!text?.includes("${")) return scalar;
  const expanded = expandText(text, { env, problems, place: scalar.place });
  if (expanded === null) return { ...scalar, unknown: true };
  if (!whole.test(text)) return { ...scalar, value: expanded, text: expanded };
  return { ...scalar, value: readScalar(expanded), text: expanded };
}

const expansion = /\$\$\{|\$\{([^{}]*)\}?/g;
const whole = /^\$\{[^{}]*\}$/;
const form = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

interface Expanding {
  readonly env: Environment;
  readonly problems: Problems;
  readonly place: Place;
}

/** null after a problem. */
function expandText(text: string, { env, problems, place }: Expanding): string | null {
  let failed = false;
  const refuse = (message: string): string => {
    problems.add(place, message);
    failed = true;
    return "";
  };
  const expanded = text.replace(expansion, (match: string, body: string | undefined) => {
    if (body === undefined) return "${";
    const [, name, otherwise] = match.endsWith("}") ? (form.exec(body) ?? []) : [];
    if (name === undefined) {
      return refuse(`${outline(match)} is not an expansion; write \${NAME} or \${NAME:-default}`);
    }
    const value = env[name];
    if (value !== undefined && (value !== "" || otherwise === undefined)) return value;
    return (
      otherwise ?? refuse(`the variable ${name} is not set; set it, or write \${${name}:-default}`)
    );
  });
  return failed ? null : expanded;
}

/** At most the name: what follows it, or an end that is missing, may be part of a password. */
function outline(match: string): string {
  const [, name = "", rest = ""] = /^\$\{(\w*)(.*)\}$/s.exec(match) ?? ["", "", "…"];
  return match.endsWith("}") ? quote(`\${${name}${rest && "…"}}`) : quote("${…");
}

/** The scalars of YAML's core schema. */
function readScalar(text: string): string | number | boolean | null {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text);
  return number ? Number(text) : text;
}
