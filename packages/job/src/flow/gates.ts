// The slots that one job needs, from its definition and its stored input: the same wherever they
// are computed, at enqueue or by the worker that claims a row which was enqueued by name alone.

import { type Gate, type Json, mostGates } from "@queue-runtime/store";
import { type StandardSchema, validate } from "../values/schema.ts";
import type { ConcurrencyPolicy } from "./concurrency.ts";
import { checkLength, concurrencyKey, keyFor } from "./keys.ts";
import { type RatePolicy, rateFor } from "./rate.ts";

/** A job as far as its limits go. Absent: not known here, as for a reference by name. */
export interface Limited {
  readonly name: string;
  readonly concurrency?: readonly ConcurrencyPolicy[];
  readonly rate?: readonly RatePolicy[];
  readonly input?: StandardSchema | null;
}

const none: readonly Gate[] = Object.freeze([]);

/**
 * The gates of a job with this input, those of `concurrency` first. `args` is the input as it is
 * stored.
 * @throws TypeError when a key function answers no key, InvalidInputError when that is because the
 *   input does not satisfy the schema
 */
export function gatesOf(job: Limited, args: Json): readonly Gate[] {
  if (!job.concurrency?.length && !job.rate?.length) return none;
  try {
    return distinct(job.name, made(job, args));
  } catch (error) {
    blameInput(job, args);
    throw error;
  }
}

function made({ concurrency = [], rate = [] }: Limited, args: Json): readonly Gate[] {
  const gates = [
    ...concurrency.map((policy) => slotFor(policy, args)),
    ...rate.map((policy) => rateFor(policy, args)),
  ];
  return gates.filter((gate) => gate !== null);
}

function slotFor(policy: ConcurrencyPolicy, args: Json): Gate | null {
  const { where, limit, durationMs: ms, onConflict } = policy;
  const key = keyFor(where, policy.key, args);
  if (key === null) return null;
  if (key.endsWith(":rate")) {
    throw new TypeError(`${where} may not end in ":rate", as keys of rates do`);
  }
  const whole = checkLength(where, concurrencyKey(policy.group, key));
  return { kind: "concurrency", key: whole, limit, ms, onConflict };
}

/** A key function trips over an input that was never checked: that is what is wrong then. */
function blameInput({ name, input }: Limited, args: Json): void {
  const valid = input ? validate(input, name, args) : null;
  if (valid instanceof Promise) valid.catch(() => {});
}

/** @throws TypeError when two gates are one */
function distinct(job: string, gates: readonly Gate[]): readonly Gate[] {
  const keys = new Set<string>();
  for (const { key } of gates) {
    if (keys.has(key)) {
      throw new TypeError(`job "${job}" has two limits with the key "${key}"; give one a group`);
    }
    keys.add(key);
  }
  return gates;
}

/** What can be seen when the job is defined. @throws TypeError */
export function checkGates(where: string, job: Limited): void {
  const { name, concurrency = [], rate = [] } = job;
  const count = concurrency.length + rate.length;
  if (count > mostGates) {
    throw new TypeError(`${where} has ${count} limits, and ${mostGates} is the most`);
  }
  const fixed = {
    name,
    concurrency: concurrency.filter(({ key }) => typeof key !== "function"),
    rate: rate.filter(({ key }) => typeof key !== "function"),
  };
  distinct(name, made(fixed, null));
}
