// YAML text to a tree. Knows YAML, but no key of queue.yml. The library's own plain objects would
// lose the lines, expand aliases without a limit and let `__proto__` through, and its check for
// duplicate keys takes quadratic time; so its syntax tree is walked here instead.

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { Place, Problems } from "../problems.ts";
import { quoteKey } from "../quote.ts";
import { noteSyntax } from "./syntax.ts";
import type { MapTree, ScalarTree, Tree } from "./tree.ts";

const deepest = 50;
const mostValues = 10_000;

/** An empty file is an empty map. Throws ConfigError when the text is not YAML. */
export function parseTree(text: string, problems: Problems): MapTree {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    // "silent" would also hide a second document; nothing is printed in either case.
    logLevel: "error",
  });
  noteSyntax(document, lines, problems);
  problems.throwIfAny();
  const place = { line: 1, column: 1, path: "" };
  const tree = document.contents && new Walk(lines, problems).tree(document.contents, place);
  const empty = tree === null || (tree.kind === "scalar" && tree.value === null);
  if (!empty && tree.kind !== "map") {
    problems.add(tree.place, "this is no configuration; write keys such as `jobs: ./jobs`");
  }
  // Keys that are there twice hide nothing: the first is read, and what is wrong with it said, too.
  if (tree?.kind !== "map") problems.throwIfAny();
  return tree?.kind === "map" ? tree : { kind: "map", place, entries: new Map() };
}

class Walk {
  readonly #lines: LineCounter;
  readonly #problems: Problems;
  /** What each `&name` stands for at this point of the document. */
  readonly #anchors = new Map<string, Node>();
  #values = 0;
  #aliases = 0;
  #depth = 0;

  constructor(lines: LineCounter, problems: Problems) {
    this.#lines = lines;
    this.#problems = problems;
  }

  /** @param from the place of the value around it, with the path of this one */
  tree(node: Node | null, from: Place): Tree {
    const place = node?.range ? this.#place(node.range[0], from.path) : from;
    if (node === null) return empty(place);
    this.#values += 1;
    if (this.#values > mostValues || this.#depth > deepest) return this.#tooMuch(place);
    if (isAlias(node)) return this.#alias(node.source, place);
    if (node.anchor !== undefined && this.#aliases === 0) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return scalar(node.value, place, !/^PLAIN$/.test(node.type ?? ""));
    this.#depth += 1;
    const tree = this.#collection(node, place);
    this.#depth -= 1;
    return tree;
  }

  #collection(node: Node, place: Place): Tree {
    if (isMap(node)) return { kind: "map", place, entries: this.#entries(node, place) };
    const nodes = isSeq(node) ? (node.items as (Node | null)[]) : [];
    const items = nodes.map((item, index) =>
      this.tree(item, { ...place, path: `${place.path}[${index}]` }),
    );
    return { kind: "list", place, items };
  }

  #entries(map: YAMLMap, place: Place): ReadonlyMap<string, Tree> {
    const entries = new Map<string, Tree>();
    const merged = new Map<string, Tree>();
    for (const pair of map.items) {
      const key = pair.key as Node | null;
      if (!isScalar(key) || key.anchor !== undefined) {
        this.#problems.add(place, "a key here is not a plain word; write `key: value`");
        continue;
      }
      const name = key.source ?? String(key.value);
      const path = place.path === "" ? quoteKey(name) : `${place.path}.${quoteKey(name)}`;
      const at = key.range ? this.#place(key.range[0], path) : { ...place, path };
      const value = this.tree(pair.value as Node | null, name === "<<" ? place : at);
      if (name === "<<") this.#merge(merged, value);
      else if (entries.has(name)) this.#duplicate(at, entries.get(name)!.place.line);
      else entries.set(name, { ...value, place: at });
    }
    for (const [name, value] of merged) if (!entries.has(name)) entries.set(name, value);
    return entries;
  }

  /** `<<: *other` or `<<: [*one, *two]`: keys written here win, then those of the first. */
  #merge(into: Map<string, Tree>, tree: Tree): void {
    for (const source of tree.kind === "list" ? tree.items : [tree]) {
      if (source.kind !== "map") {
        this.#problems.add(tree.place, "only groups of keys can be merged with <<");
        continue;
      }
      for (const [name, value] of source.entries) if (!into.has(name)) into.set(name, value);
    }
  }

  #alias(name: string, place: Place): Tree {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const advice = `write &${name} before the value it stands for, or quote "*${name}"`;
      this.#problems.add(place, `*${name} is an alias of nothing; ${advice}`);
      return { ...empty(place), unknown: true };
    }
    this.#aliases += 1;
    this.#depth += 1;
    const tree = this.tree(target, place);
    this.#depth -= 1;
    this.#aliases -= 1;
    return tree;
  }

  #duplicate(place: Place, firstLine: number): void {
    this.#problems.add(place, `this key was already written in line ${firstLine}; keep one`);
  }

  /** Ends the walk: what is left would only repeat the same complaint. */
  #tooMuch(place: Place): never {
    const limits = `${mostValues} values or ${deepest} levels`;
    this.#problems.add(
      place,
      `with its aliases, the file has more than ${limits}; make it smaller`,
    );
    this.#problems.throwIfAny();
    throw new Error("unreachable");
  }

  #place(offset: number, path: string): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col, path };
  }
}

function empty(place: Place): ScalarTree {
  return { kind: "scalar", place, value: null, text: null, quoted: false };
}

function scalar(value: unknown, place: Place, quoted: boolean): ScalarTree {
  const plain = value as ScalarTree["value"];
  return {
    kind: "scalar",
    place,
    value: plain,
    text: typeof plain === "string" ? plain : null,
    quoted,
  };
}
