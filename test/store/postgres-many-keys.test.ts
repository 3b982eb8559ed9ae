// Very many jobs with keys of several kinds in one call: all of them are there, or none.

import type { NewJob } from "@queue-runtime/store";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { slot, unique } from "./contract/flow/words.ts";

/** More than fit into one statement. */
const many = 12_000;

const kinds: readonly (readonly [string, (n: number) => Partial<NewJob>])[] = [
  [
    "a key and a unique key of their own",
    (n) => ({ gates: [slot(`k${n}`)], uniques: [unique(`u${n}`)] }),
  ],
  [
    "two keys, of which they share one",
    (n) => ({ gates: [slot("all", { limit: 9 }), slot(`k${n % 50}`)] }),
  ],
];

describeThatNeedsPostgres("very many jobs in one call", () => {
  it.each(kinds)(
    "may have %s",
    async (_, links) => {
      await using world = await temporaryPostgres();
      const { store } = world;
      const jobs = Array.from({ length: many }, (_, n) => ({ name: "job", ...links(n) }));
      const answers = await store.jobs.enqueue(jobs);
      expect(answers).toHaveLength(many);
      expect(answers.every(({ outcome }) => outcome === "created")).toBe(true);
      const { ready, blocked } = await store.jobs.count();
      expect(ready + blocked).toBe(many);
      expect(ready).toBeGreaterThanOrEqual(9);
    },
    60_000,
  );
});
