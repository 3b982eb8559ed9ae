// What can be enqueued: a definition, or its name alone where the job's code must not be loaded.

import type { Limited } from "../flow/gates.ts";
import type { UniquePolicy } from "../flow/unique.ts";
import { checkOptions } from "../values/options.ts";
import type { StandardSchema } from "../values/schema.ts";
import { checkName, checkPriority, checkQueue } from "./names.ts";

/** A job definition or a reference to one. */
export interface Enqueueable<Input = unknown> extends Limited {
  readonly name: string;
  /** `default` where it is absent. */
  readonly queue?: string;
  /** 0 where it is absent. */
  readonly priority?: number;
  /** Absent or null: the input is checked only when a worker claims the job. */
  readonly input?: StandardSchema<Input> | null;
  /** Absent or null: not known here, or none. */
  readonly unique?: UniquePolicy | null;
  /** Never set: carries the types. */
  readonly types?: { readonly input: Input };
}

/** The type of input that a job takes when it is enqueued. */
export type InputOf<Job extends Enqueueable> = NonNullable<Job["types"]>["input"];

/** A job known by its name only. */
export interface JobRef<Name extends string = string, Input = unknown> {
  readonly name: Name;
  readonly queue?: string;
  readonly priority?: number;
  /** Never set: carries the types. */
  readonly types?: { readonly input: Input };
}

export interface JobRefOptions {
  /** `default` by default, whatever the definition says. */
  readonly queue?: string;
  /** 0 by default, whatever the definition says. */
  readonly priority?: number;
}

/**
 * Refers to a job without loading its code:
 * `jobRef<typeof import("./jobs.js").sendInvoice>("invoice.send")`.
 * Queue and priority of the definition are not known here; name them when they matter. Nor are its
 * limits and what it is unique by: the worker that first claims the job sees to them. So enqueueing
 * it answers `created`, and what would have been refused or dropped, or found its like, is
 * cancelled then, with a ConflictError that says why and by whom.
 */
export function jobRef<Job extends Enqueueable>(
  name: Job["name"],
  options: JobRefOptions = {},
): JobRef<Job["name"], InputOf<Job>> {
  checkName(name);
  const where = `jobRef("${name}")`;
  checkOptions(where, options, ["queue", "priority"]);
  if (options.queue !== undefined) checkQueue(where, options.queue);
  if (options.priority !== undefined) checkPriority(where, options.priority);
  return Object.freeze({ name, ...options });
}
