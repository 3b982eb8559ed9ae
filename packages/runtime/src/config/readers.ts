// From a value of the tree to a value of the program, or to a sentence about what to write instead.
// A reader answers undefined after it noted a problem, so that one run finds them all.

import { parseDuration } from "@queue-runtime/job/text";
import type { Bounds } from "./defaults.ts";
import type { Place, Problems } from "./problems.ts";
import { hasControlCharacters, quote } from "./quote.ts";
import { suggest } from "./suggest.ts";
import { inWords } from "./words/in-words.ts";
import type { MapTree, Tree } from "./yaml/tree.ts";

export type Reader<T> = (tree: Tree, problems: Problems) => T | undefined;

/** What a key of a map holds, and what its absence means. */
export interface Field<T> {
  readonly read: Reader<T>;
  readonly otherwise: T;
}

export function field<T>(read: Reader<T>, otherwise: T): Field<T> {
  return { read, otherwise };
}

type Shape = Readonly<Record<string, Field<unknown>>>;
type Values<S extends Shape> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

/** Reads the keys of a map; those that `shape` does not know are problems. */
export function fields<S extends Shape>(tree: Tree, problems: Problems, shape: S): Values<S> {
  const known = Object.keys(shape);
  const map = asMap(tree, problems, `write keys below it: ${known.join(", ")}`);
  for (const [key, { place }] of map?.entries ?? []) {
    if (!known.includes(key)) problems.add(place, `unknown key; ${suggest(key, known)}`);
  }
  const values = known.map((key) => {
    const { read, otherwise } = shape[key]!;
    const value = map?.entries.get(key);
    const found = value && readKnown(value, problems, read);
    return [key, found === undefined ? otherwise : found];
  });
  return Object.fromEntries(values) as Values<S>;
}

/** Reads with `read`, unless a problem with the value is already noted. */
export function readKnown<T>(tree: Tree, problems: Problems, read: Reader<T>): T | undefined {
  return tree.kind === "scalar" && tree.unknown ? undefined : read(tree, problems);
}

export function asMap(tree: Tree, problems: Problems, advice: string): MapTree | undefined {
  if (tree.kind === "map") return tree;
  return mismatch(tree, problems, advice);
}

/** A map whose keys are names of the user's own; none of them can touch a prototype. */
export function mapOf<T>(
  { name, value }: { readonly name: Reader<string>; readonly value: Reader<T> },
  advice: string,
): Reader<Readonly<Record<string, T>>> {
  return (tree, problems) => {
    const entries = [...(asMap(tree, problems, advice)?.entries ?? [])].map(([key, item]) => {
      const { place } = item;
      name({ kind: "scalar", place, value: key, text: key, quoted: true }, problems);
      return [key, readKnown(item, problems, value)] as const;
    });
    const known = entries.filter((entry): entry is readonly [string, T] => entry[1] !== undefined);
    return Object.fromEntries(known);
  };
}

/** Notes which keys of a map are missing, each with what to write. */
export function needed(
  tree: Tree,
  problems: Problems,
  advice: Readonly<Record<string, string>>,
): void {
  if (tree.kind !== "map") return;
  for (const [key, write] of Object.entries(advice)) {
    if (!tree.entries.has(key)) problems.add(tree.place, `${key} is missing; ${write}`);
  }
}

/** Where a key of a map was written, or where it could be. */
export function placeOf(tree: Tree, key: string): Place {
  const place = tree.kind === "map" ? tree.entries.get(key)?.place : undefined;
  return place ?? { ...tree.place, path: `${tree.place.path}.${key}` };
}

/** The value false switches something off: null. */
export function orFalse<T>(read: Reader<T>): Reader<T | null> {
  return (tree, problems) => {
    if (tree.kind === "map") return read(tree, problems);
    if (tree.kind === "scalar" && tree.value === false) return null;
    return mismatch(tree, problems, "write keys below it, or false to switch it off");
  };
}

/** `"4" is text; ` and the advice. */
export function mismatch(tree: Tree, problems: Problems, advice: string): undefined {
  problems.add(tree.place, `${describe(tree)}; ${advice}`);
}

function describe(tree: Tree): string {
  if (tree.kind === "list") return "this is a list";
  if (tree.kind === "map") return "this is a group of keys";
  const { text, value } = tree;
  if (value === null || value === "") return "this is empty";
  if (text !== null) return `${quote(text)} is text`;
  return `${value} is ${typeof value === "number" ? "a number" : "a yes or no"}`;
}

export function wholeNumber([least, most]: Bounds): Reader<number> {
  return (tree, problems) => {
    const value = tree.kind === "scalar" ? tree.value : null;
    if (typeof value !== "number") {
      return mismatch(tree, problems, `write a whole number, ${least} or more`);
    }
    if (Number.isInteger(value) && value >= least && value <= most) return value + 0;
    const complaint = value < least ? "too small" : value > most ? "too large" : "not whole";
    problems.add(
      tree.place,
      `${value} is ${complaint}; write a whole number from ${least} to ${most}`,
    );
    return undefined;
  };
}

export const yesOrNo: Reader<boolean> = (tree, problems) => {
  if (tree.kind === "scalar" && typeof tree.value === "boolean") return tree.value;
  return mismatch(tree, problems, "write true or false");
};

/** Milliseconds. */
export function duration([least, most]: Bounds): Reader<number> {
  const form = "write a number and a unit, such as 500ms, 25s, 5m, 1h or 7d";
  return (tree, problems) => {
    if (tree.kind !== "scalar") return mismatch(tree, problems, form);
    if (typeof tree.value === "number") {
      problems.add(tree.place, `${tree.value} has no unit; ${form}`);
      return undefined;
    }
    if (tree.text === null || tree.text === "") return mismatch(tree, problems, form);
    const value = parsed(tree.text);
    if (value === undefined) {
      problems.add(tree.place, `${quote(tree.text)} is not a duration; ${form}`);
    } else if (value < least || value > most) {
      const complaint = value < least ? "short" : "long";
      const range = `from ${inWords(least)} to ${inWords(most)}`;
      problems.add(
        tree.place,
        `${quote(tree.text)} is too ${complaint}; write a duration ${range}`,
      );
      return undefined;
    }
    return value;
  };
}

function parsed(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    // Its sentence does not know the key; the caller's does.
    return undefined;
  }
}

/**
 * One line of text that is not empty. @param advice such as "write a path"
 * @param name how a message refers to the value; in quotes by default, for a secret something else
 */
export function text(
  advice: string,
  longest = 4096,
  name: (value: string) => string = quote,
): Reader<string> {
  return (tree, problems) => {
    const value = tree.kind === "scalar" ? tree.text : null;
    if (value === null || value === "") {
      const bare = tree.kind === "scalar" && tree.value !== null && tree.value !== "";
      return mismatch(tree, problems, bare ? `put it in quotes, or ${advice}` : advice);
    }
    if (value.length > longest) {
      problems.add(tree.place, `${name(value)} is longer than ${longest} characters; ${advice}`);
    } else if (hasControlCharacters(value) || !value.isWellFormed()) {
      problems.add(tree.place, `${name(value)} has signs that cannot be seen; ${advice}`);
    } else if (value.trim() !== value) {
      problems.add(tree.place, `${name(value)} begins or ends with a space; ${advice}`);
    } else {
      return value;
    }
    return undefined;
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  const advice = `write one of ${choices.join(", ")}`;
  return (tree, problems) => {
    const value = tree.kind === "scalar" ? tree.text : null;
    if (value === null || value === "") return mismatch(tree, problems, advice);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) problems.add(tree.place, `${quote(value)} is not a choice; ${advice}`);
    return found;
  };
}

/** A list, or one value that stands for a list of one; not empty, nothing twice. */
export function listOf(read: Reader<string>, advice: string): Reader<readonly string[]> {
  return (tree, problems) => {
    const items = tree.kind === "list" ? tree.items : [tree];
    if (items.length === 0) problems.add(tree.place, `this list is empty; ${advice}`);
    const values: string[] = [];
    for (const item of items) {
      const value = readKnown(item, problems, read);
      if (value === undefined) continue;
      if (values.includes(value))
        problems.add(item.place, `${quote(value)} is here twice; keep one`);
      else values.push(value);
    }
    return values;
  };
}
