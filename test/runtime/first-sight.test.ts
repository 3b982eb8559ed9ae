// The first command is noticed, by those who would start a process for it.

import { StoreError } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { monotonic } from "../../packages/runtime/src/process/monotonic.ts";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { FirstSight } from "../../packages/runtime/src/supervisor/commands/first-sight.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CutLink } from "./support/cut-link.ts";
import { notedLog } from "./support/noted-log.ts";

async function watched() {
  const temporary = await temporaryStore();
  const link = new CutLink(temporary.store);
  const log = notedLog();
  let seen = 0;
  const sight = new FirstSight({
    store: link.store,
    health: new StoreHealth(log),
    seen: () => {
      seen += 1;
    },
  });
  const looks = () => link.asked.filter((what) => what === "outstanding").length;
  const add = async () => {
    const command = { line: "true", argv: null, directory: "/", environment: {} };
    await temporary.store.jobs.enqueue([{ name: "command", kind: "command", command }]);
    sight.hear();
  };
  return { temporary, link, log, sight, looks, add, seen: () => seen };
}

test("a store that is away is looked at again, and left to the heart to speak of", async () => {
  const { temporary, link, log, sight, looks, add, seen } = await watched();
  await using _ = temporary;
  link.state = "cut";
  sight.open();
  await waitFor(() => looks() >= 2, { what: "two looks" });
  link.state = "whole";
  await add();
  await waitFor(() => seen() > 0, { what: "the command to be seen" });
  expect(log.types).toEqual([]);
  sight.close();
});

test("another mistake of the store is said once, and so is its end", async () => {
  const { temporary, link, log, sight, looks } = await watched();
  await using _ = temporary;
  link.error = new StoreError("invalid", "there is no such column");
  link.state = "cut";
  sight.open();
  await waitFor(() => looks() >= 3, { what: "three looks" });
  expect(log.types).toEqual(["store-trouble"]);
  link.state = "whole";
  await waitFor(() => log.types.length === 2, { what: "the end of the trouble" });
  expect(log.types).toEqual(["store-trouble", "store-well"]);
  sight.close();
});

test("where much is written it looks about once a second, and sees the first command all the same", async () => {
  const { temporary, sight, looks, add, seen } = await watched();
  await using _ = temporary;
  sight.open();
  const began = monotonic();
  const writtenMuch = () => {
    sight.hear();
    return monotonic() - began > 1_500;
  };
  await waitFor(writtenMuch, { everyMs: 1, what: "a second and a half" });
  // ten were saved up
  expect(looks()).toBeLessThanOrEqual(12 + (monotonic() - began) / 1_000);
  expect(seen()).toBe(0);
  await add();
  await waitFor(() => seen() > 0, { what: "the command to be seen" });
  sight.close();
});
