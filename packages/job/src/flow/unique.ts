// A key that at most one job has at a time: read from a definition, or for one enqueue.

import { type JobState, type Json, jobStates, type Unique } from "@queue-runtime/store";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf, oneOf } from "../values/options.ts";
import {
  checkLength,
  idempotencyKey,
  inputKey,
  type KeyFunction,
  keyFor,
  readKey,
  uniqueKey,
} from "./keys.ts";

export interface UniqueOptions<Input = unknown> {
  /**
   * A text, or a function of the stored input that answers one, or null for a job like any other.
   * The whole input by default, whatever the order of its fields.
   */
  readonly key?: string | KeyFunction<Input>;
  /** How long after it was enqueued a job keeps its key; no limit by default. */
  readonly for?: Duration;
  /**
   * The states in which a job keeps its key. By default those of a job that has not ended, and with
   * `for` also `finished`: the key of work that failed or was cancelled is free for another try.
   */
  readonly while?: readonly JobState[];
  /**
   * What happens when the key is taken. `exists` (the default): nothing, and the answer names the
   * job that has it. `replace`: that job becomes this one (input, queue, priority, label, time and
   * limits; it keeps its id), unless it has begun or ended. `debounce`: the same, and without a delay
   * the old time stays. Neither goes together with `after` or a batch.
   */
  readonly onConflict?: Unique["onConflict"];
}

export interface UniquePolicy {
  /** For messages: the key of which job. */
  readonly where: string;
  /** null: the whole input. */
  readonly key: string | KeyFunction | null;
  readonly states: readonly JobState[];
  readonly forMs: number | null;
  readonly onConflict: Unique["onConflict"];
  /** Whether it is an idempotency key: those have names of their own. */
  readonly idempotency: boolean;
}

const living: readonly JobState[] = ["held", "waiting", "scheduled", "blocked", "ready", "running"];
const policies = ["exists", "replace", "debounce"] as const;
const dayMs = 86_400_000;

/** @throws TypeError */
export function readUnique(place: string, options: unknown): UniquePolicy {
  checkOptions(place, options, ["key", "for", "while", "onConflict"]);
  const { key, for: period, while: states, onConflict = "exists" } = options as UniqueOptions;
  const forMs = period === undefined ? null : inPlace(`${place}.for`, () => parseDuration(period));
  if (forMs === 0) throw new TypeError(`${place}.for must be longer than 0`);
  return Object.freeze({
    where: `${place}.key`,
    key: key === undefined ? null : readKey(`${place}.key`, key),
    states: readStates(`${place}.while`, states, forMs),
    forMs,
    onConflict: oneOf(`${place}.onConflict`, onConflict, policies),
    idempotency: false,
  });
}

function readStates(where: string, states: unknown, forMs: number | null): readonly JobState[] {
  if (states === undefined) return forMs === null ? living : [...living, "finished"];
  if (!Array.isArray(states)) {
    throw new TypeError(`${where} must be a list of states, not ${kindOf(states)}`);
  }
  if (states.length === 0) throw new TypeError(`${where} is empty; name one state or more`);
  return Object.freeze([...new Set(states.map((state) => oneOf(where, state, jobStates)))]);
}

/** The same request twice within a day is one job, whatever became of it. @throws TypeError */
export function readIdempotencyKey(where: string, key: unknown): UniquePolicy {
  return {
    where,
    key: readKey(where, key),
    states: jobStates,
    forMs: dayMs,
    onConflict: "exists",
    idempotency: true,
  };
}

/** What the job with this input must have for itself, or null. @throws TypeError */
export function uniqueFor(policy: UniquePolicy, job: string, args: Json): Unique | null {
  const { where, states, forMs, onConflict } = policy;
  const key = policy.key === null ? inputKey(args) : keyFor(where, policy.key, args);
  if (key === null) return null;
  const whole = policy.idempotency ? idempotencyKey(job, key) : uniqueKey(job, key);
  return { key: checkLength(where, whole), states, forMs, onConflict };
}
