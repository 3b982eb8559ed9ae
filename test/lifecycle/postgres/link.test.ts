// Between the runtime and its database is a network: slow, torn, silent, or swallowing the answer to
// a commit. Nobody is told then whether what was asked for was done.

import { jobRef, openQueue } from "queue-runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { within } from "../../support/pace.ts";
import { execute } from "../../support/postgres/databases.ts";
import { Link } from "../../support/postgres/link.ts";
import type { PostgresServer } from "../../support/postgres/server.ts";
import { startPostgres } from "../../support/postgres.ts";
import { monotonic } from "../../support/runtime-process.ts";
import { Siege } from "../../support/siege.ts";
import { waitFor } from "../../support/wait-for.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

test("the answers to commits get lost under load: nothing runs twice, nothing is forgotten", async () => {
  await using link = await Link.to(server.port);
  const url = await server.createDatabase();
  await using siege = await Siege.of(link.through(url), { loadUrl: url });
  for (let round = 1; round <= 5; round++) {
    await link.loseCommits(2);
    expect(await siege.goesOn()).toBeLessThan(within(2_000));
  }
  await siege.survives({ outages: 10, url });
});

test("an enqueue whose answer got lost: the caller is told that nobody knows, and it is there once", async () => {
  await using link = await Link.to(server.port);
  const url = await server.createDatabase();
  await using queue = await openQueue(link.through(url));
  const lost = link.loseCommits(1);
  await expect(queue.enqueue(jobRef("blink"), { ms: 1 })).rejects.toThrow(
    /whether the last statement took effect is unknown/,
  );
  await lost;
  const count = "SELECT count(*)::int AS jobs FROM queue_runtime.jobs";
  expect(await execute(url, count)).toEqual([{ jobs: 1 }]);
  // and the next call has a connection that works
  expect(await queue.enqueue(jobRef("blink"), { ms: 1 })).toMatchObject({ outcome: "created" });
});

test("a link of 200 ms that tears now and then: in proportion slower, and nobody is thought dead", async () => {
  await using link = await Link.to(server.port);
  const url = await server.createDatabase();
  const process = { heartbeat_interval: "500ms", alive_threshold: "3s" };
  const load = { jobsPerSecond: 10 };
  await using siege = await Siege.of(link.through(url), {
    loadUrl: url,
    load,
    config: { process },
  });
  link.latencyMs = 100;
  for (let round = 1; round <= 2; round++) {
    expect(await siege.goesOn({ deadlineMs: within(10_000) })).toBeLessThan(within(3_000));
    link.cut();
  }
  expect(await siege.goesOn({ deadlineMs: within(10_000) })).toBeLessThan(within(3_000));
  link.latencyMs = 0;
  expect(siege.runtime.events("lease-lost")).toEqual([]);
  await siege.survives({ outages: 2, url });
});

test("a link that goes silent for six seconds: another connection is tried, and jobs go on at once", async () => {
  await using link = await Link.to(server.port);
  const url = await server.createDatabase();
  await using siege = await Siege.of(link.through(url), { loadUrl: url });
  link.freeze();
  const since = monotonic();
  await waitFor(() => monotonic() - since > 6_000, { deadlineMs: within(7_000) });
  link.thaw();
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages: 1, url });
});
