// Both stores tell the same story: hundreds of steps by chance, with everything that flow control
// has, and after each of them the same answers and the same jobs in the same states.

import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { Script } from "./flow-alike/script.ts";

describeThatNeedsPostgres("the two stores", () => {
  it.each([
    ...[1, 2, 3, 4, 5, 6].map((seed) => ({ about: "keys" as const, seed, length: 250 })),
    ...[1, 2, 3, 4].map((seed) => ({ about: "queue" as const, seed, length: 250 })),
  ])("do the same, step by step: story $seed about $about", { timeout: 120_000 }, async (story) => {
    await using sqlite = await temporaryStore();
    await using postgres = await temporaryPostgres();
    const [one, other] = await Promise.all([
      Script.tell(sqlite, story),
      Script.tell(postgres, story),
    ]);
    for (const [n, line] of one.entries()) {
      const steps = one.slice(Math.max(0, n - 3), n + 1).map(({ did, answer }) => [did, answer]);
      expect([n, steps, other[n]]).toEqual([n, steps, line]);
    }
  });
});
