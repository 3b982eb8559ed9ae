// What is counted on a server is counted once while nobody changes anything there, and again once a
// transaction that wrote has ended.

import { Client } from "pg";
import { expect, it } from "vitest";
import { Memory } from "../../packages/store/src/postgres/driver/memory.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueOne } from "./contract/world.ts";

const counting = "SELECT count(*)::int FROM things";

async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

describeThatNeedsPostgres("what was counted", () => {
  it("is counted again once a transaction that wrote has ended, whoever began first", async () => {
    await using world = await temporaryPostgres();
    await using one = await connect(world.url);
    await using other = await connect(world.url);
    await using reader = await connect(world.url);
    await reader.query("CREATE TABLE things ()");
    let readings = 0;
    const memory = new Memory(async (text) => {
      if (text === counting) readings += 1;
      const { rows, rowCount } = await reader.query({ text, rowMode: "array" });
      return { rows, count: rowCount ?? 0 };
    });
    const count = async () => (await memory.recall(counting)).rows.flat();
    const act = async (client: Client, sql: string) => void (await client.query(sql));
    expect(await count()).toEqual([0]);
    await act(one, "BEGIN; INSERT INTO things DEFAULT VALUES");
    expect(await count()).toEqual([0]);
    await act(other, "BEGIN; INSERT INTO things DEFAULT VALUES; COMMIT");
    expect(await count()).toEqual([1]);
    await act(one, "COMMIT");
    expect(await count()).toEqual([2]);
    await act(one, "BEGIN; INSERT INTO things DEFAULT VALUES; ROLLBACK");
    expect(await count()).toEqual([2]);
    // others of the server write too, now and then
    const isRemembered = async () => {
      const before = readings;
      expect(await count()).toEqual([2]);
      return readings === before;
    };
    await waitFor(isRemembered, { what: "a count that is not read", everyMs: 1 });
  });

  it("is the same for two that count, after each change of either", async () => {
    await using world = await temporaryPostgres();
    const stores = [world.store, await world.connect()] as const;
    for (const n of [1, 2, 3]) {
      await enqueueOne(stores[n % 2]!);
      const counts = await Promise.all(stores.map(({ jobs }) => jobs.count()));
      const queues = await Promise.all(stores.map((store) => store.queues.list()));
      expect(counts.map(({ ready }) => ready)).toEqual([n, n]);
      expect(queues.map(([queue]) => queue?.ready)).toEqual([n, n]);
    }
  });
});
