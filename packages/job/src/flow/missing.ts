// What a row lacks that was enqueued by name alone, by SQL or by an application that does not load
// its code: nobody knew its limits, nor what it is unique by. Whoever claims it does.

import type { Gated, Job } from "@queue-runtime/store";
import { gatesOf, type Limited } from "./gates.ts";
import { type UniquePolicy, uniqueFor } from "./unique.ts";

/** null when it has what its definition says. @throws as `gatesOf` does */
export function keysMissing(
  definition: Limited & { readonly unique?: UniquePolicy | null },
  { args, concurrencyKey, keyed }: Pick<Job, "args" | "concurrencyKey" | "keyed">,
): Gated | null {
  const gates = concurrencyKey === null ? gatesOf(definition, args) : [];
  const unique =
    definition.unique && !keyed ? uniqueFor(definition.unique, definition.name, args) : null;
  if (gates.length === 0 && unique === null) return null;
  return { outcome: "gated", gates, uniques: unique === null ? [] : [unique] };
}
