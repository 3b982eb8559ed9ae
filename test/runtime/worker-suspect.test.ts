// A job one crash short of the limit may end its process the moment it begins.

import { readFileSync } from "node:fs";
import { defineJob } from "queue-runtime";
import { expect, it } from "vitest";
import { killed, newWorker as newHolder } from "../store/contract/world.ts";
import { waitFor } from "../support/wait-for.ts";
import { newWorker } from "./support/worker-world.ts";

it("is alone in the flight record by then, though others have ended in the same breath", async () => {
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  const nap = defineJob({
    name: "nap",
    async perform() {
      begun += 1;
      await gate.promise;
    },
  });
  let seen: number[] | undefined;
  const poison = defineJob({
    name: "poison",
    perform() {
      const bytes = readFileSync(world.record);
      const ids = Array.from({ length: bytes.length / 16 }, (_, slot) =>
        bytes.readDoubleLE(slot * 16),
      );
      seen = ids.filter((id) => id !== 0);
    },
  });
  await using world = await newWorker(nap, poison);
  const [suspect] = await world.store.jobs.enqueue([
    { name: "poison", args: null, queue: "toxic" },
  ]);
  for (let crashes = 0; crashes < 2; crashes++) {
    const holder = await newHolder(world.store);
    const [job] = await holder.claim({ names: ["poison"] });
    await holder.dies({ end: killed, started: [job!] });
  }
  await world.store.jobs.enqueue(Array(2).fill({ name: "nap", priority: -1 }));
  world.worker.hear("ready");
  await waitFor(() => begun === 2);
  await waitFor(() => world.worker.slots.suspectWaits, { what: "the suspect to wait its turn" });
  gate.resolve();
  await waitFor(() => seen);
  expect(seen).toEqual([suspect!.id]);
});
