// A runtime that ends by itself when nothing is left to do.

import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

test("start --until-empty ends with exit 0 at once when there is nothing to do", async () => {
  await using project = new Project();
  expect(await project.start(["--until-empty"]).ended()).toMatchObject({ code: 0 });
});

test("start --until-empty ends when everything is done, what is due within the second included", async () => {
  await using project = new Project();
  const ids = await project.enqueueMany("wait", Array(6).fill({ ms: 50 }));
  ids.push(await project.enqueue("quick", {}, { delay: "700ms" }));
  const later = await project.enqueue("quick", {}, { delay: "1h" });
  expect(await project.start(["--until-empty"]).ended()).toMatchObject({ code: 0 });
  for (const id of ids) expect(await project.job(id)).toMatchObject({ state: "finished" });
  expect(await project.job(later)).toMatchObject({ state: "scheduled" });
});

test("start --until-empty says which jobs nobody takes, and ends once somebody does", async () => {
  await using project = new Project();
  const id = await project.enqueue("quick", {}, { queue: "mail" });
  const inQueue = (verb: string) => project.cli("queue", verb, "mail", "-c", "queue.yml");
  await inQueue("pause");
  const runtime = project.start(["--until-empty"]);
  const { msg } = await runtime.event("queue-in-vain");
  expect(msg).toBe("1 ready jobs in queue mail have no taker: it is paused");
  await inQueue("resume");
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished" });
});
