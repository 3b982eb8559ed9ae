// Environments are stored once, and no longer than somebody has them.

import { DatabaseSync } from "node:sqlite";
import type { Store } from "@queue-runtime/store";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import type { OpenStore } from "../world.ts";
import { add, addAll, newRunner } from "./words.ts";

const forGood = { finishedMs: 0, cancelledMs: 0, failedMs: 0 };

/** Rows of a table that both stores have. */
async function countRows(url: string, table: string): Promise<number> {
  if (url.startsWith("sqlite:")) {
    const database = new DatabaseSync(url.slice("sqlite:".length), { timeout: 5_000 });
    const { count } = database.prepare(`SELECT count(*) AS count FROM ${table}`).get()!;
    database.close();
    return count as number;
  }
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT count(*)::int AS count FROM queue_runtime.${table}`,
    );
    return rows[0].count;
  } finally {
    await client.end();
  }
}

/** Removes commands that have ended, once they are old enough. */
async function clearAll(store: Store): Promise<void> {
  await waitFor(async () => {
    await store.jobs.clear(forGood, 100);
    return (await store.commands.list({})).length === 0;
  });
}

export function environmentsContract(open: OpenStore): void {
  describe("the environment of commands", () => {
    it("is stored once, whoever has it, whatever the order of its names", async () => {
      await using world = await open();
      const { store, url } = world;
      const one = { A: "1", B: "2" };
      const same = { B: "2", A: "1" };
      const said = [one, same, { A: "1" }].map((environment) => ({ command: { environment } }));
      await addAll(store, [...said, ...said]);
      await add(await world.connect(), said[1]);
      expect(await countRows(url, "environments")).toBe(2);
    });

    it("goes with the last command that has it", async () => {
      await using world = await open();
      const { store, url } = world;
      const all = (await addAll(store, [{}, {}, {}])) as [number, number, number];
      const rows = () => countRows(url, "environments");
      await store.commands.remove([all[0]]);
      await store.jobs.discard([all[1]]);
      expect(await rows()).toBe(1);
      await store.commands.setVariable(all[2], "NEW", "1");
      expect(await rows()).toBe(1);
      expect(await store.commands.environment(all[2])).toMatchObject({ NEW: "1" });
      await store.commands.remove([all[2]]);
      expect(await rows()).toBe(0);
      expect(await countRows(url, "commands")).toBe(0);
    });

    it("goes when its commands are cleared away or their queue is", async () => {
      await using world = await open();
      const { store, url } = world;
      const [a, b] = (await addAll(store, [{}, { command: { environment: {} } }])) as [
        number,
        number,
      ];
      const runner = await newRunner(store);
      await runner.run(a);
      await store.jobs.cancel([b]);
      await clearAll(store);
      expect(await countRows(url, "environments")).toBe(0);
      const first = await add(store);
      await add(store, { after: [first] });
      await store.queues.clear("default", { all: true });
      for (const table of ["environments", "commands", "command_after"])
        expect([table, await countRows(url, table)]).toEqual([table, 0]);
    });
  });
}
