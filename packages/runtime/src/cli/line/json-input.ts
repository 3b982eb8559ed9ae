// The JSON of a command line, read strictly: a mistake is shown where it is, and a number that
// JavaScript would silently round is refused before it becomes somebody's account.

import { UsageError } from "./errors.ts";

/** `what` it is, for messages. @throws UsageError */
export function readJson(text: string, what = "the input"): unknown {
  try {
    return JSON.parse(text, refuseRounded);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof RangeError) throw new UsageError(`${what} is nested too deeply`);
    throw new UsageError(`${what} is not JSON: ${mistake(text)}`);
  }
}

function refuseRounded(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context?.source ?? "";
  const rounded = /^-?\d+$/.test(source) && !Number.isSafeInteger(value);
  if (!rounded && Number.isFinite(value)) return value;
  throw new UsageError(`${source.slice(0, 40)} does not fit a number; write it as a string`);
}

function mistake(text: string): string {
  const at = firstMistake(text);
  const before = text.slice(0, at).split("\n");
  const where = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  if (at >= text.trimEnd().length) return `it ends too early, at ${where}`;
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
  const hint = "quote the whole of it for the shell";
  return `${found} cannot stand at ${where}; ${hint}`;
}

const space = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings cannot hold them
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where a text stops being JSON. `JSON.parse` knows, and tells it for some mistakes only. */
function firstMistake(text: string): number {
  const open: ("}" | "]")[] = [];
  let wanted: "value" | "key" | "next" = "value";
  let at = 0;
  const take = (token: RegExp): boolean => {
    token.lastIndex = at;
    const length = token.exec(text)?.[0].length ?? 0;
    at += length;
    return length > 0;
  };
  const takeText = (token: string): boolean => {
    take(space);
    const found = text.startsWith(token, at);
    if (found) at += token.length;
    return found;
  };
  while (true) {
    take(space);
    if (wanted === "key") {
      if (!take(string) || !takeText(":")) return at;
      wanted = "value";
    } else if (wanted === "next") {
      const end = open.at(-1);
      if (end === undefined) return at;
      if (takeText(end)) open.pop();
      else if (takeText(",")) wanted = end === "}" ? "key" : "value";
      else return at;
    } else if (takeText("{")) {
      wanted = takeText("}") ? "next" : "key";
      if (wanted === "key") open.push("}");
    } else if (takeText("[")) {
      if (takeText("]")) wanted = "next";
      else open.push("]");
    } else if (take(string) || take(scalar)) wanted = "next";
    else return at;
  }
}
