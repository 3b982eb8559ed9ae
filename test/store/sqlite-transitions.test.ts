// The database itself refuses what job.ts does not allow, whoever asks.

import { DatabaseSync } from "node:sqlite";
import { type JobState, jobStates, maxCrashes, transitions } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { temporaryStore } from "../support/temporary-store.ts";

async function withTable(test: (database: DatabaseSync) => void): Promise<void> {
  await using world = await temporaryStore();
  const database = new DatabaseSync(world.path);
  try {
    test(database);
  } finally {
    database.close();
  }
}

const insert = `INSERT INTO jobs (name, kind, queue, state, priority, process_id, run_at, created_at)
  VALUES ('job', 'module', 'default', ?, 0, ?, 0, 0)`;

const holder = (state: JobState): number | null => (state === "running" ? 1 : null);

function attempt(database: DatabaseSync, from: JobState, to: JobState): string {
  const id = database.prepare(insert).run(from, holder(from)).lastInsertRowid;
  try {
    const update = "UPDATE jobs SET state = ?, process_id = ? WHERE id = ?";
    database.prepare(update).run(to, holder(to), id);
  } catch (error) {
    return (error as Error).message;
  }
  const row = database.prepare("SELECT state FROM jobs WHERE id = ?").get(id);
  return String(row?.state);
}

describe("the table of jobs", () => {
  it.each(jobStates)("lets a job leave %s only as the table of transitions says", async (from) => {
    await withTable((database) => {
      for (const to of jobStates) {
        const legal = transitions[from].includes(to);
        const expected = legal ? to : "this is no legal transition of a job";
        expect([to, attempt(database, from, to)]).toEqual([to, expected]);
      }
    });
  });

  it("knows no other states", async () => {
    await withTable((database) => {
      for (const state of ["", "Ready", "done", "ready "])
        expect(() => database.prepare(insert).run(state, null)).toThrow(/CHECK/);
    });
  });

  it("has a holder exactly while a job runs", async () => {
    await withTable((database) => {
      expect(() => database.prepare(insert).run("ready", 1)).toThrow(/CHECK/);
      expect(() => database.prepare(insert).run("running", null)).toThrow(/CHECK/);
    });
  });

  it("calls a job a suspect when it is one crash short of the limit", async () => {
    await withTable((database) => {
      const { lastInsertRowid: id } = database.prepare(insert).run("ready", null);
      const update = "UPDATE jobs SET crashes_since_checkpoint = ? WHERE id = ? RETURNING suspect";
      const suspect = (crashes: number): unknown => database.prepare(update).get(crashes, id);
      expect(suspect(maxCrashes - 2)).toEqual({ suspect: 0 });
      expect(suspect(maxCrashes - 1)).toEqual({ suspect: 1 });
      expect(suspect(maxCrashes)).toEqual({ suspect: 1 });
    });
  });
});
