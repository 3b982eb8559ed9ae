// What a process says of its store, and how it tries again.

import { StoreError } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { notedLog } from "./support/noted-log.ts";

const away = new StoreError("unreachable", "nothing answers");

describe("the health of a store", () => {
  it("is said once when trouble begins and once when it is over, whoever met it", () => {
    const log = notedLog();
    const health = new StoreHealth(log);
    const [turns, heart, sleeper] = [health.user(), health.user(), health.user()];
    turns.failed(away);
    heart.failed(away);
    turns.failed(new StoreError("unreachable", "the system is starting up"));
    expect(log.events).toEqual([{ type: "store-trouble", message: "nothing answers" }]);
    turns.succeeded();
    sleeper.succeeded();
    expect(health.isTroubled).toBe(true);
    expect(log.types).toEqual(["store-trouble"]);
    heart.succeeded();
    expect(log.types).toEqual(["store-trouble", "store-well"]);
    heart.failed(away);
    heart.succeeded();
    expect(log.types.length).toBe(4);
  });

  it("is no trouble any more when the only one who met it tries no more", () => {
    const log = notedLog();
    const health = new StoreHealth(log);
    const user = health.user();
    user.failed(away);
    user.gone();
    expect(health.isTroubled).toBe(false);
    expect(log.types).toEqual(["store-trouble"]);
  });

  it.each([0, 0.5, 1])("has tries soon at first, and never more than a second apart", (random) => {
    const user = new StoreHealth(notedLog(), () => random).user();
    const pauses = Array.from({ length: 8 }, () => user.failed(away));
    expect(pauses[0]).toBeLessThanOrEqual(50);
    expect(pauses[0]).toBeGreaterThanOrEqual(25);
    expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
    expect(pauses.at(-1)).toBeLessThanOrEqual(1_000);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(500);
    user.succeeded();
    expect(user.failed(away)).toBe(pauses[0]);
  });

  it("lets a call insist until it is served, and gives up on what waiting cannot mend", async () => {
    const log = notedLog();
    const health = new StoreHealth(log, () => 0);
    const goOn = (error: unknown): boolean => error === away;
    let tries = 0;
    const served = async (): Promise<string> => {
      tries += 1;
      if (tries < 3) throw away;
      return "here";
    };
    expect(await health.insist(served, { goOn, atMostMs: 10_000 })).toBe("here");
    expect(tries).toBe(3);
    expect(log.events).toMatchObject([
      { type: "store-trouble", message: "nothing answers", atMostMs: 10_000 },
      { type: "store-well" },
    ]);
    const newer = new StoreError("newer-schema", "a newer version wrote it");
    await expect(health.insist(() => Promise.reject(newer), { goOn })).rejects.toBe(newer);
    expect(log.types.length).toBe(2);
  });
});
