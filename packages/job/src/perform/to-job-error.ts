// Any thrown value as data: at most 64 kB, never an exception, whatever its getters do. Errors lose
// their class and fields when they cross threads, so they are read here, where they were thrown.

import { isNativeError, isPromise } from "node:util/types";
import type { JobError } from "@queue-runtime/store";
import { kindOf } from "../values/options.ts";

const mostBytes = 64_000;
const longestChain = 8;

interface Lengths {
  readonly text: number;
  readonly stack: number;
}

export function toJobError(thrown: unknown): JobError {
  silencePromise(thrown);
  for (let lengths: Lengths = { text: 8_000, stack: 16_000 }; ; lengths = halfOf(lengths)) {
    const data = chainOf(thrown, lengths);
    // Ends: at length 0 a whole chain is far smaller.
    if (Buffer.byteLength(JSON.stringify(data)) <= mostBytes) return data;
  }
}

function halfOf({ text, stack }: Lengths): Lengths {
  return { text: Math.floor(text / 2), stack: Math.floor(stack / 2) };
}

function chainOf(thrown: unknown, lengths: Lengths): JobError {
  const seen: unknown[] = [];
  let next = thrown;
  while (isObject(next) && !seen.includes(next) && seen.length < longestChain) {
    seen.push(next);
    next = causeOf(next);
  }
  let data = next === undefined || (isObject(next) && seen.length > 0) ? null : one(next, lengths);
  for (const error of seen.reverse()) data = { ...one(error, lengths), cause: data };
  return data ?? one(undefined, lengths);
}

function causeOf(error: object): unknown {
  const cause = read(error, "cause");
  if (cause !== undefined && cause !== null) return cause;
  // An AggregateError often says nothing itself.
  const errors = read(error, "errors");
  return Array.isArray(errors) ? errors[0] : undefined;
}

function one(thrown: unknown, { text, stack }: Lengths): JobError {
  if (!isObject(thrown) || isPromise(thrown)) {
    const shown = isPromise(thrown) ? "a promise" : printed(thrown);
    const message = typeof thrown === "string" ? thrown : `${shown} was thrown, not an error`;
    return { name: "Error", message: cut(message, text), code: null, stack: null, cause: null };
  }
  const name = read(thrown, "name");
  const message = read(thrown, "message");
  const code = read(thrown, "code");
  const trace = read(thrown, "stack");
  return {
    name: cut(typeof name === "string" && name !== "" ? name : "Error", Math.min(text, 200)),
    message: cut(typeof message === "string" ? message : unreadable(thrown), text),
    code: typeof code === "string" || typeof code === "number" ? cut(String(code), 200) : null,
    stack: typeof trace === "string" ? cut(trace, stack) : null,
    cause: null,
  };
}

function unreadable(thrown: object): string {
  return isNativeError(thrown)
    ? "the error has no message"
    : `${kindOf(thrown)} was thrown, not an error`;
}

function printed(value: unknown): string {
  return typeof value === "symbol" || typeof value === "bigint" || typeof value === "number"
    ? `${kindOf(value)}, ${String(value)},`
    : String(value);
}

/** A property of a value whose getters and traps may throw. */
export function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    // What cannot be read is not there.
    return undefined;
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text.toWellFormed();
  return `${text.slice(0, length).toWellFormed()}… (${text.length - length} more characters)`;
}

/** A rejected promise that was thrown would end the process as an unhandled rejection. */
function silencePromise(thrown: unknown): void {
  if (isPromise(thrown)) Promise.prototype.catch.call(thrown, () => {});
}
