// Args, results and cursors must come back from the store exactly as they went in. JSON.stringify
// is silent about what it changes (a Date becomes text, undefined vanishes, a Map becomes {}), so
// this walk refuses whatever would change and names where it stands.
//
// It answers a copy: a value that code changes later, or a getter that answers differently the
// second time, cannot make the stored value differ from the checked one. -0 is stored as 0: the
// two are equal, and failing a job over it would help nobody.

import type { Json } from "@queue-runtime/store";
import { NotJsonError } from "../errors.ts";

const deepest = 1_000;

export const jsonLimits = {
  /** Bytes of the args of one job, as JSON. */
  input: 1_048_576,
  /** Bytes of the result of one job, as JSON. */
  result: 1_048_576,
  /** Bytes of a cursor, as JSON. */
  cursor: 65_536,
  /** Bytes of the metadata of a batch, as JSON. */
  metadata: 65_536,
} as const;

type What = keyof typeof jsonLimits;

interface Walk {
  readonly what: What;
  /** Whose it is. */
  readonly of: string;
  readonly path: (string | number)[];
  readonly ancestors: object[];
  /** Bytes that the JSON has at least: bounds the work on shared and endless values. */
  atLeast: number;
  /** Bytes that it has at most: spares small values the exact count. */
  atMost: number;
}

/**
 * A copy that JSON keeps as it is. `of` stands before `what` in messages, such as `job "a": `.
 * @throws NotJsonError
 */
export function strictJson(value: unknown, what: What, of = ""): Json {
  if (value === null || typeof value === "boolean") return value;
  const walk: Walk = { what, of, path: [], ancestors: [], atLeast: 0, atMost: 0 };
  const copy = copyOf(value, walk);
  if (walk.atMost > jsonLimits[what] && byteLength(copy) > jsonLimits[what]) refuseSize(walk);
  return copy;
}

function byteLength(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function copyOf(value: unknown, walk: Walk): Json {
  switch (typeof value) {
    case "string":
      return checkedText(value, walk);
    case "number":
      if (!Number.isFinite(value)) refuse(walk, `is ${value}, which JSON does not have`);
      count(walk, 1, 25);
      return value === 0 ? 0 : value;
    case "boolean":
      count(walk, 4, 6);
      return value;
    case "object":
      if (value !== null) return copyOfObject(value, walk);
      count(walk, 4, 5);
      return null;
    case "undefined":
      return refuse(walk, "is undefined, which JSON drops; leave it out or use null");
    case "bigint":
      return refuse(walk, "is a BigInt, which JSON does not have; use a string");
    default:
      return refuse(walk, `is a ${typeof value}, which JSON does not have`);
  }
}

function copyOfObject(value: object, walk: Walk): Json {
  enter(value, walk);
  count(walk, 2, 3);
  const copy = Array.isArray(value) ? copyOfArray(value, walk) : copyOfRecord(value, walk);
  walk.ancestors.pop();
  return copy;
}

function copyOfArray(value: readonly unknown[], walk: Walk): Json {
  if (prototypes(value) !== 2) refuseInstance(value, walk);
  const copy: Json[] = [];
  for (let index = 0; index < value.length; index++) {
    walk.path.push(index);
    const item = value[index];
    if (item === undefined && !(index in value)) refuse(walk, "is a hole; JSON has no holes");
    copy.push(copyOf(item, walk));
    walk.path.pop();
  }
  const keys = Object.keys(value);
  if (keys.length !== value.length) {
    refuse(walk, `is an array with the property "${keys.at(-1)}", which JSON drops`);
  }
  return copy;
}

function copyOfRecord(value: object, walk: Walk): Json {
  if (prototypes(value) > 1) refuseInstance(value, walk);
  if (Object.getOwnPropertySymbols(value).length > 0) {
    refuse(walk, "has a symbol as a key, which JSON drops");
  }
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    walk.path.push(key);
    checkedText(key, walk);
    const field = copyOf((value as Record<string, unknown>)[key], walk);
    if (key === "__proto__") {
      // An assignment would set the prototype instead of a field.
      Object.defineProperty(copy, key, { value: field, enumerable: true });
    } else copy[key] = field;
    walk.path.pop();
  }
  return copy;
}

/** How long the prototype chain is: 1 for a plain object, 2 for an array, of whichever realm. */
function prototypes(value: object): number {
  let length = 0;
  let next: unknown = Object.getPrototypeOf(value);
  for (; next !== null && length < 3; length++) next = Object.getPrototypeOf(next);
  return length;
}

function checkedText(text: string, walk: Walk): string {
  // An array index never gets here; lone surrogates have no UTF-8, so databases lose them.
  if (!text.isWellFormed()) refuse(walk, "contains half a surrogate pair, which is not valid text");
  count(walk, text.length + 2, 6 * text.length + 3);
  return text;
}

function count(walk: Walk, atLeast: number, atMost: number): void {
  walk.atLeast += atLeast;
  walk.atMost += atMost;
  if (walk.atLeast > jsonLimits[walk.what]) refuseSize(walk);
}

function enter(value: object, walk: Walk): void {
  walk.ancestors.push(value);
  if (walk.ancestors.length <= deepest) return;
  for (const [depth, ancestor] of walk.ancestors.entries()) {
    const again = walk.ancestors.indexOf(ancestor, depth + 1);
    if (again === -1) continue;
    walk.path.length = again;
    refuse(walk, "contains itself, which JSON cannot express");
  }
  walk.path.length = 10;
  refuse(walk, `leads to a value nested more than ${deepest} levels deep`);
}

function refuseInstance(value: object, walk: Walk): never {
  const name = value.constructor?.name || "class";
  const hint = value instanceof Date ? "; use toISOString()" : "; use a plain object";
  const article = /^[aeio]/i.test(name) ? "an" : "a";
  return refuse(walk, `is ${article} ${name}, which JSON would change${hint}`);
}

function refuse(walk: Walk, problem: string): never {
  throw new NotJsonError(`${walk.of}${walk.what}${pathText(walk.path)}`, problem);
}

function refuseSize({ what, of }: Walk): never {
  const limit = jsonLimits[what].toLocaleString("en");
  throw new NotJsonError(
    `${of}${what}`,
    `is larger than ${limit} bytes as JSON; store it elsewhere and pass a reference`,
  );
}

function pathText(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]{0,59}$/.test(part)) text += `.${part}`;
    else text += `[${JSON.stringify(part.slice(0, 60))}]`;
  }
  return text;
}
