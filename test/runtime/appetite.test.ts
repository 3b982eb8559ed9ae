// When a worker looks into the store for more.

import { describe, expect, it } from "vitest";
import { Appetite } from "../../packages/runtime/src/worker/claims/appetite.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CutLink } from "./support/cut-link.ts";

async function newAppetite() {
  const { store, [Symbol.asyncDispose]: dispose } = await temporaryStore();
  const link = new CutLink(store);
  const looks: number[] = [];
  const world = { idle: true, looked: (): void => undefined };
  const appetite = new Appetite({
    store: link.store,
    pollMs: 20,
    isIdle: () => world.idle,
    look: () => {
      looks.push(performance.now());
      world.looked();
    },
  });
  return {
    link,
    looks,
    world,
    appetite,
    async [Symbol.asyncDispose]() {
      appetite.stop();
      await dispose();
    },
  };
}

describe("the appetite of a worker", () => {
  it("is whetted by news of ready jobs, not of scheduled ones; it watches no shared store", async () => {
    await using made = await newAppetite();
    const { appetite, link, looks } = made;
    appetite.start();
    expect(link.watchers).toEqual([]);
    appetite.hear("scheduled");
    expect(looks).toEqual([]);
    appetite.hear("ready");
    appetite.hear("any");
    expect(looks).toHaveLength(2);
  });

  it("has a busy worker look now and then for what nobody announces, and leaves an idle one alone", async () => {
    await using made = await newAppetite();
    const { appetite, looks, world } = made;
    appetite.start();
    world.idle = false;
    await waitFor(() => looks.length >= 2);
    world.idle = true;
    const before = looks.length;
    const until = performance.now() + 60;
    await waitFor(() => performance.now() > until);
    expect(looks.length).toBe(before);
  });

  it("looks again soon when others were just looking at the jobs, more and more patiently", async () => {
    await using made = await newAppetite();
    const { appetite, looks, world } = made;
    world.looked = () => appetite.fed(0, true);
    appetite.fed(0, true);
    await waitFor(() => looks.length >= 7);
    const pauses = looks.slice(1).map((at, index) => at - looks[index]!);
    expect(pauses[0]).toBeLessThan(50);
    // the sixth pause is 64 to 128 ms; a busy loop would be done in no time
    expect(pauses[5]).toBeGreaterThan(40);
  });

  it("is satisfied when there is no more", async () => {
    await using made = await newAppetite();
    const { appetite } = made;
    expect(appetite.isHungry).toBe(true);
    appetite.fed(3, false);
    expect(appetite.isHungry).toBe(false);
    appetite.fed(3, true);
    expect(appetite.isHungry).toBe(true);
  });

  it("stays while news came that the claim under way may have missed, and no longer", async () => {
    await using made = await newAppetite();
    const { appetite } = made;
    appetite.asked();
    appetite.whet();
    appetite.fed(0, false);
    expect(appetite.isHungry).toBe(true);
    appetite.asked();
    appetite.fed(0, false);
    expect(appetite.isHungry).toBe(false);
  });

  it("is not lost to an older answer that comes after a newer one", async () => {
    await using made = await newAppetite();
    const { appetite } = made;
    appetite.asked();
    appetite.asked();
    appetite.fed(5, true);
    appetite.fed(5, false);
    expect(appetite.isHungry).toBe(true);
  });
});
