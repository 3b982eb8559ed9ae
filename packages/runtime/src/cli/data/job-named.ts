// The job that a command names: its definition, or its name alone.

import { type Enqueueable, jobRef } from "@queue-runtime/job";
import { suggest } from "../../config/suggest.ts";
import type { Definitions } from "../../modules.ts";
import { asUsage } from "../line/errors.ts";
import type { Output } from "../terminal/output.ts";
import { quoted } from "../terminal/text.ts";

/** A definition brings queue, priority and schema; without one the row waits for its worker. */
export function jobNamed(name: string, definitions: Definitions, output: Output): Enqueueable {
  const known = definitions.get(name);
  if (known !== undefined) return known;
  const job = reference(name);
  const hint = definitions.size > 0 ? ` (${suggest(name, [...definitions.keys()])})` : "";
  output.say(`no job file defines ${quoted(name)}${hint}; it waits for a worker that knows it`);
  return job;
}

function reference(name: string): Enqueueable {
  try {
    return jobRef(name);
  } catch (error) {
    return asUsage(error);
  }
}
