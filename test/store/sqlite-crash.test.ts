// Processes that start at once, and processes that are killed at any moment.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Migration, openStore } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { killed, newWorker } from "./contract/world.ts";

const migrating = new URL("./children/migrate.ts", import.meta.url);
const writing = new URL("./children/write.ts", import.meta.url);

function start(script: URL, url: string): ChildProcess {
  return fork(script, [url], { execArgv: ["--conditions=source"], stdio: "inherit" });
}

/** What a killed writer had been told. */
interface Told {
  processId: number;
  readonly enqueued: Set<number>;
  readonly finished: Set<number>;
}

async function writeAndDie(url: string, rounds: number): Promise<Told> {
  const told: Told = { processId: 0, enqueued: new Set(), finished: new Set() };
  const child = start(writing, url);
  let messages = 0;
  child.on("message", (message: Partial<Record<string, number[]>> & { processId?: number }) => {
    if (message.processId !== undefined) told.processId = message.processId;
    for (const id of message.enqueued ?? []) told.enqueued.add(id);
    for (const id of message.finished ?? []) told.finished.add(id);
    messages += 1;
    if (messages === rounds) child.kill("SIGKILL");
  });
  await once(child, "close");
  return told;
}

describe("several processes that start at once on a file that is not there", () => {
  it("migrate it once", async () => {
    using folder = temporaryFolder();
    const url = `sqlite:${join(folder.path, "new", "queue.sqlite")}`;
    const children = [1, 2, 3, 4].map(() => start(migrating, url));
    await Promise.all(children.map((child) => once(child, "message")));
    const answers = children.map(async (child) => (await once(child, "message"))[0] as Migration);
    for (const child of children) child.send("go");
    const migrations = await Promise.all(answers);
    expect(migrations.filter(({ from }) => from === 0)).toHaveLength(1);
    expect(migrations.filter(({ from, to }) => from === to)).toHaveLength(3);
    const store = await openStore(url);
    expect(await store.schema()).toEqual({ from: migrations[0]!.to, to: migrations[0]!.to });
    await store.close();
  });
});

describe("a writer that is killed", () => {
  it.each([2, 17, 90])(
    "after %i messages leaves a sound store and every promise kept",
    async (n) => {
      await using world = await temporaryStore();
      const { store } = world;
      const told = await writeAndDie(world.url, n);
      expect((await store.diagnose()).find(({ check }) => check === "integrity")).toMatchObject({
        status: "ok",
      });
      const jobs = await store.jobs.list({ limit: 1_000_000 });
      const states = new Map(jobs.map(({ id, state }) => [id, state]));
      for (const id of told.enqueued) expect(states.has(id)).toBe(true);
      for (const id of told.finished) expect(states.get(id)).toBe("finished");
      await store.jobs.recover(told.processId, { end: killed, started: null });
      expect(await store.jobs.count()).toMatchObject({ running: 0, failed: 0 });
      const worker = await newWorker(store);
      await waitFor(async () => (await worker.claim({ limit: 500 })).length === 0);
      expect((await store.jobs.count()).ready).toBe(0);
    },
  );

  it("does not disturb those who write beside it", async () => {
    await using world = await temporaryStore();
    const both = await Promise.all([40, 60, 80].map((n) => writeAndDie(world.url, n)));
    const ids = both.flatMap(({ finished }) => [...finished]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { processId } of both)
      await world.store.jobs.recover(processId, { end: killed, started: null });
    const count = await world.store.jobs.count();
    expect(count.running).toBe(0);
    expect(count.finished).toBeGreaterThanOrEqual(ids.length);
  });
});
