// The part of Standard Schema v1 that we use, so that zod, valibot, arktype and the like all fit
// without a dependency, and how an input is checked with it.

import { InvalidInputError } from "../errors.ts";
import { isThenable } from "./thenable.ts";

/** Any Standard Schema v1: `Input` is what one enqueues, `Output` what `perform` is given. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  // Some libraries make their schemas callable.
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}

/**
 * What the schema makes of the input; synchronous where the schema is, because this is on the way
 * of every run. An input that was left out is stored as null: where the schema refuses null it is
 * asked about undefined, so that optional inputs and defaults work.
 * @throws InvalidInputError, also as a rejection
 */
export function validate<Output>(
  schema: StandardSchema<unknown, Output>,
  job: string,
  input: unknown,
): Output | Promise<Output> {
  const result = schema["~standard"].validate(input);
  if (isThenable(result)) {
    return Promise.resolve(result).then((later) => settle(schema, job, [input, later]));
  }
  return settle(schema, job, [input, result]);
}

function settle<Output>(
  schema: StandardSchema<unknown, Output>,
  job: string,
  [input, result]: readonly [unknown, SchemaResult<Output>],
): Output | Promise<Output> {
  if (result.issues === undefined) return result.value;
  if (input !== null) throw new InvalidInputError(job, result.issues.map(issueText));
  const absent = schema["~standard"].validate(undefined);
  const accept = (second: SchemaResult<Output>): Output => {
    if (second.issues === undefined) return second.value;
    throw new InvalidInputError(job, result.issues.map(issueText));
  };
  return isThenable(absent) ? Promise.resolve(absent).then(accept) : accept(absent);
}

function issueText(issue: SchemaIssue): string {
  let path = "";
  for (const part of issue.path ?? []) {
    const key = typeof part === "object" ? part.key : part;
    if (typeof key === "number") path += `[${key}]`;
    else path += path === "" ? String(key) : `.${String(key)}`;
  }
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
