// Starting while the database is out of reach: waited for, not for ever.

import { expect, test } from "vitest";
import { CrashProject } from "../../support/crash-project.ts";
import { within } from "../../support/pace.ts";
import { Link } from "../../support/postgres/link.ts";
import { freePort } from "../../support/postgres/server.ts";
import { temporaryDatabase } from "../../support/postgres.ts";
import { monotonic } from "../../support/runtime-process.ts";

/** So long does a boot wait for a server. */
const patienceMs = 10_000;

test("a store that is out of reach: TERM ends the wait at once with exit 0, and the wait ends with exit 69", async () => {
  const nowhere = `postgres://postgres@127.0.0.1:${await freePort()}/nobody`;
  await using silent = await Link.to(1);
  await using project = new CrashProject({ store: nowhere });
  project.configureAs("silent.yml", {
    store: silent.through(nowhere),
    control: { socket: "./silent.sock" },
  });
  project.configureAs("told.yml", { control: { socket: "./told.sock" } });
  silent.freeze();
  const began = monotonic();
  const [patient, deaf] = [project.start(), project.startAs("silent.yml")];
  const told = project.startAs("told.yml");
  await told.event("store-trouble", ({ msg }) => /waiting for it, at most 10s/.test(msg!));
  const at = monotonic();
  expect(await told.stop()).toMatchObject({ code: 0 });
  expect(monotonic() - at).toBeLessThan(within(500));

  for (const runtime of [patient, deaf]) {
    const { code, at: ended } = await runtime.ended(patienceMs + 6_000);
    expect(code).toBe(69);
    expect(ended - began).toBeGreaterThan(patienceMs - 500);
    // a server that says nothing is given up after three seconds more
    expect(ended - began).toBeLessThan(patienceMs + within(5_000));
    expect(runtime.events("store-trouble")).toHaveLength(1);
    expect(runtime.text.join("\n")).toMatch(/cannot be reached/);
  }
});

test("a store that comes up while the runtime waits for it: the boot goes on", async () => {
  await using database = await temporaryDatabase();
  const { port } = new URL(database.url);
  await using link = await Link.to(Number(port));
  await link.down();
  await using project = new CrashProject({ store: link.through(database.url) });
  const runtime = project.start();
  await runtime.event("store-trouble");
  await link.up();
  await runtime.ready();
  await runtime.event("store-well");
  const id = await project.enqueue("quick", {});
  await project.jobIn(id, "finished");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});
