// Enqueueing inside a transaction of the application.

import { symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { type TemporaryStore, temporaryStore } from "../support/temporary-store.ts";
import { ids } from "./contract/world.ts";

interface Application extends AsyncDisposable {
  readonly world: TemporaryStore;
  readonly database: DatabaseSync;
}

/** A store, and the application's own connection to the same file. */
async function application(): Promise<Application> {
  const world = await temporaryStore();
  const database = new DatabaseSync(world.path);
  database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY)");
  return {
    world,
    database,
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

describe("enqueueing in the application's transaction", () => {
  it("commits the jobs with what was written beside them", async () => {
    await using app = await application();
    const { store } = app.world;
    app.database.exec("BEGIN; INSERT INTO orders VALUES (1)");
    const jobs = Array.from({ length: 40 }, (_, n) => ({ name: "job", args: n }));
    const enqueued = await store.in(app.database).enqueue(jobs);
    expect(await store.jobs.list({})).toEqual([]);
    app.database.exec("COMMIT");
    const listed = await store.jobs.list({});
    expect(ids(listed)).toEqual(ids(enqueued));
    expect(listed.map(({ args }) => args)).toEqual(jobs.map(({ args }) => args));
  });

  it("forgets them with what was rolled back", async () => {
    await using app = await application();
    app.database.exec("BEGIN");
    await app.world.store.in(app.database).enqueue([{ name: "job" }]);
    app.database.exec("ROLLBACK");
    expect(await app.world.store.jobs.list({})).toEqual([]);
  });

  it("is done when the call returns, before its answer is awaited", async () => {
    await using app = await application();
    app.database.exec("BEGIN");
    const answer = app.world.store.in(app.database).enqueue([{ name: "job" }]);
    app.database.exec("COMMIT");
    expect(ids(await app.world.store.jobs.list({}))).toEqual(ids(await answer));
  });

  it("wakes whoever watches, once it is committed", async () => {
    await using app = await application();
    const { store } = app.world;
    const called = new Promise<void>((resolve) => store.watch(() => resolve(), { pollMs: 20 }));
    app.database.exec("BEGIN");
    await store.in(app.database).enqueue([{ name: "job" }]);
    app.database.exec("COMMIT");
    await called;
  });

  it("leaves no row for a job that is refused", async () => {
    await using app = await application();
    app.database.exec("BEGIN");
    const jobs = [{ name: "job" }, { name: "" }];
    await expect(app.world.store.in(app.database).enqueue(jobs)).rejects.toMatchObject({
      code: "invalid",
    });
    app.database.exec("COMMIT");
    expect(await app.world.store.jobs.list({})).toEqual([]);
  });

  it("accepts the file under another name for it", async () => {
    await using app = await application();
    const link = join(dirname(app.world.path), "link.sqlite");
    symlinkSync(app.world.path, link);
    const store = await openStore(`sqlite:${link}`);
    app.database.exec("BEGIN");
    await store.in(app.database).enqueue([{ name: "job" }]);
    app.database.exec("COMMIT");
    expect(await store.jobs.list({})).toHaveLength(1);
    await store.close();
  });

  it("refuses anything that is no transaction on this file, in one sentence", async () => {
    await using app = await application();
    await using elsewhere = await application();
    const foreign = new DatabaseSync(":memory:");
    const begun = (database: DatabaseSync): DatabaseSync => {
      database.exec("BEGIN");
      return database;
    };
    const refusal = async (transaction: unknown): Promise<unknown> => {
      try {
        return await app.world.store.in(transaction).enqueue([{ name: "job" }]);
      } catch (error) {
        return error;
      }
    };
    const invalid = (message: RegExp): unknown =>
      expect.objectContaining({ code: "invalid", message: expect.stringMatching(message) });
    for (const nothing of [null, undefined, {}, "sqlite:queue.sqlite"])
      expect(await refusal(nothing)).toEqual(invalid(/must be a DatabaseSync/));
    expect(await refusal(app.database)).toEqual(invalid(/no transaction is open/));
    expect(await refusal(begun(foreign))).toEqual(invalid(/open on :memory:/));
    expect(await refusal(begun(elsewhere.database))).toEqual(invalid(/and this store is/));
    const closed = new DatabaseSync(app.world.path);
    closed.close();
    expect(await refusal(closed)).toEqual(invalid(/no transaction is open/));
  });
});
