// A server that restarts, crashes or throws everybody out, under load: the runtime stays up, says so
// once, works again at once, and loses nothing.

import { afterAll, beforeAll, expect, test } from "vitest";
import { within } from "../../support/pace.ts";
import { execute } from "../../support/postgres/databases.ts";
import type { PostgresServer } from "../../support/postgres/server.ts";
import { startPostgres } from "../../support/postgres.ts";
import { Siege } from "../../support/siege.ts";

let server: PostgresServer;

beforeAll(async () => {
  // whatever is not written to the log at its commit is lost in a crash, not only by bad luck
  server = await startPostgres({ settings: { wal_writer_delay: "10s" } });
});

afterAll(async () => {
  await server.stop();
});

test("a fast restart: said once, jobs go on at once, no run is lost, repeated or counted", async () => {
  await using siege = await Siege.of(await server.createDatabase());
  await server.restart("fast");
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages: 1 });
});

test("a crash restart: what was acknowledged is there, and no fence is given twice", async () => {
  await using siege = await Siege.of(await server.createDatabase());
  await server.restart("immediate");
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages: 1 });
});

test("every connection thrown out, five times under load: nobody dies, nothing is lost", async () => {
  const url = await server.createDatabase();
  await using siege = await Siege.of(url);
  const name = new URL(url).pathname.slice(1);
  for (let round = 1; round <= 5; round++) {
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
    await execute(server.url(), end);
    expect(await siege.goesOn()).toBeLessThan(within(2_000));
  }
  await siege.survives({ outages: 5 });
});
