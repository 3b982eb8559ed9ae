// What a connection keeps: what was counted, while nobody changes anything, and statements that were
// prepared, but not any number of them.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Memory } from "../../packages/store/src/sqlite/driver/memory.ts";
import { Statements } from "../../packages/store/src/sqlite/driver/statements.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { enqueueOne } from "./contract/world.ts";

test("nothing is read again until this connection or another one commits a change", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "things.sqlite");
  using one = new DatabaseSync(path);
  using other = new DatabaseSync(path);
  one.exec("CREATE TABLE things (id INTEGER PRIMARY KEY)");
  const memory = new Memory(new Statements(one, { arrays: true }));
  let readings = 0;
  one.function("read_again", () => {
    readings += 1;
    return 0;
  });
  const count = () => memory.recall("SELECT count(*) + read_again() FROM things")[0];
  expect([count(), count(), readings]).toEqual([[0], [0], 1]);
  one.exec("INSERT INTO things VALUES (1)");
  expect([count(), count(), readings]).toEqual([[1], [1], 2]);
  other.exec("BEGIN; INSERT INTO things VALUES (2)");
  expect([count(), readings]).toEqual([[1], 2]);
  other.exec("COMMIT");
  expect([count(), count(), readings]).toEqual([[2], [2], 3]);
  one.exec("BEGIN; INSERT INTO things VALUES (3); ROLLBACK");
  expect([count(), readings]).toEqual([[2], 4]);
});

test("two connections count the same after each change of either", async () => {
  await using world = await temporaryStore();
  const other = await world.connect();
  const counted = async () => {
    const stores = [world.store, other];
    const counts = await Promise.all(stores.map(({ jobs }) => jobs.count()));
    const queues = await Promise.all(stores.map((store) => store.queues.list()));
    return [counts.map(({ ready }) => ready), queues.map(([queue]) => queue?.ready)].flat();
  };
  for (const n of [1, 2, 3]) {
    await enqueueOne(n % 2 ? world.store : other);
    expect(await counted()).toEqual([n, n, n, n]);
  }
});

test("of more than a thousand statements the oldest is prepared again", () => {
  using database = new DatabaseSync(":memory:");
  const statements = new Statements(database, { arrays: true });
  const texts = Array.from({ length: 1_001 }, (_, n) => `SELECT ${n}`);
  const [first, second] = texts.map((text) => statements.get(text));
  expect(statements.get(texts[1]!)).toBe(second);
  expect(statements.get(texts[0]!)).not.toBe(first);
  expect(statements.get(texts[0]!).get()).toEqual([0]);
});
