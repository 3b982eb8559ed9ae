// How whole keys are made of what authors write. This is the only place that knows:
//
//   concurrency   GROUP/KEY
//   rate          GROUP/KEY:rate, and GROUP:rate where no key is given
//   unique        JOB/KEY; without a key the canonical JSON of the input, hashed where it is long
//   idempotency   /idempotency/JOB/KEY
//
// GROUP is the name of the job unless the author says another: jobs with one group share its slots.
// In names and groups "/" is written %2F and "%" %25, no group begins with "queue:", "queue-rate:"
// or "queue-fair:" (those keys are the queues' own) and no concurrency key ends in ":rate", so that
// no two pairs make the same key.
//
// A key function is given the input as it is stored, before any transform of a schema: that is all
// that both the enqueueing side and, for a row that was enqueued by name alone, the worker have.

import { createHash } from "node:crypto";
import type { Json } from "@queue-runtime/store";
import { checkText } from "../define/names.ts";
import { kindOf } from "../values/options.ts";
import { isThenable } from "../values/thenable.ts";

/**
 * Answers a key, or null for none: then there is no limit. Synchronous. In a definition without a
 * schema write it after `perform`, so that the type of its input is known there.
 */
export type KeyFunction<Input = unknown> = {
  // As a method, so that jobs with different inputs fit in one list.
  method(input: Input): string | null | undefined;
}["method"];

const longest = 400;

export function concurrencyKey(group: string, key: string): string {
  return `${segment(group)}/${key}`;
}

export function rateKey(group: string, key: string | null): string {
  return key === null ? `${segment(group)}:rate` : `${segment(group)}/${key}:rate`;
}

export function uniqueKey(job: string, key: string): string {
  return `${segment(job)}/${key}`;
}

export function idempotencyKey(job: string, key: string): string {
  return `/idempotency/${segment(job)}/${key}`;
}

function segment(name: string): string {
  return name.replace(/[%/]/g, (sign) => (sign === "%" ? "%25" : "%2F"));
}

/** The same text for the same input, whatever the order in which its fields were written. */
export function inputKey(args: Json): string {
  const text = canonicalJson(args);
  // The name of the job comes before it and may have 200 characters.
  return text.length <= 150 ? text : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function canonicalJson(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = value as { readonly [field: string]: Json };
  const parts = Object.keys(fields)
    .sort()
    .map((field) => `${JSON.stringify(field)}:${canonicalJson(fields[field]!)}`);
  return `{${parts.join(",")}}`;
}

/** A key as it is written in options; `where` names it in messages. @throws TypeError */
export function readKey(where: string, key: unknown): string | KeyFunction {
  if (typeof key === "function") return key as KeyFunction;
  if (typeof key !== "string") {
    throw new TypeError(`${where} must be a string or a function of the input, not ${kindOf(key)}`);
  }
  return checkKey(where, key, "give a text");
}

/** The key for one input, or null for none. @throws TypeError */
export function keyFor(where: string, key: string | KeyFunction, args: Json): string | null {
  if (typeof key === "string") return key;
  const answer: unknown = asked(where, key, args);
  if (answer === null || answer === undefined) return null;
  if (typeof answer === "string") return checkKey(where, answer, "give a text, or null for none");
  if (isThenable(answer)) {
    Promise.resolve(answer).catch(() => {});
    throw new TypeError(`${where} answered a promise; it must answer at once`);
  }
  throw new TypeError(`${where} answered ${kindOf(answer)}; answer a string, or null for none`);
}

function asked(where: string, key: KeyFunction, args: Json): unknown {
  try {
    return key(args);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`${where} failed: ${reason}`, { cause: error });
  }
}

function checkKey(where: string, key: string, advice: string): string {
  if (key === "") throw new TypeError(`${where} is empty; ${advice}`);
  if (key.includes("\0") || !key.isWellFormed()) {
    throw new TypeError(`${where} is not valid text: ${JSON.stringify(key.slice(0, 60))}`);
  }
  return key;
}

/** @throws TypeError where the whole key is longer than a store takes */
export function checkLength(where: string, whole: string): string {
  if (whole.length <= longest) return whole;
  throw new TypeError(
    `${where} makes a key of ${whole.length} characters, and ${longest} is the most; ` +
      "shorten it, or use a hash of it",
  );
}

/** The group, or the name of the job where none is given. @throws TypeError */
export function readGroup(where: string, job: string, group: unknown): string {
  const name = group ?? job;
  if (typeof name !== "string") {
    throw new TypeError(`${where}.group must be a string, not ${kindOf(name)}`);
  }
  checkText(`${where}.group`, name);
  const [reserved] = name.match(/^queue(-rate|-fair)?:/) ?? [];
  if (reserved === undefined) return name;
  const found = group === undefined ? "the job's name does; give another group" : `"${name}" does`;
  const rule = `${where}.group may not begin with "${reserved}", as keys of queues do`;
  throw new TypeError(`${rule}; ${found}`);
}
