// The jobs that limits are measured with: each answers when it ran.

import { defineJob } from "queue-runtime";
import { keyCount, rate } from "../contenders/contender.ts";
import { spend } from "../harness/spans.ts";

type Numbered = { readonly number: number };

/** All of them on one key: a chain. */
export const link = defineJob({
  name: "link",
  perform: (input: Numbered) => spend(input),
  concurrency: { key: "all" },
});

/** A chain for each key. */
export const keyed = defineJob({
  name: "keyed",
  perform: (input: Numbered) => spend(input),
  concurrency: { key: ({ number }) => String(number % keyCount) },
});

/** The rate, a whole second's worth of it at once if it was not used before. */
export const metered = defineJob({
  name: "metered",
  perform: (input: Numbered) => spend(input),
  rate: { limit: rate.limit, per: rate.perMs },
});

/** The same rate, evenly: a twentieth of it at once. */
export const even = defineJob({
  name: "even",
  perform: (input: Numbered) => spend(input),
  rate: { limit: rate.limit, per: rate.perMs, burst: rate.limit / 20 },
});

/** Does nothing, as `noop` does. */
export const free = defineJob({ name: "free", perform() {} });

/** The same with a key that nobody else has: it never waits for it. */
export const own = defineJob({
  name: "own",
  perform: (_: Numbered) => {},
  concurrency: { key: ({ number }) => String(number) },
});
