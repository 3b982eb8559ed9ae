// A server that has no connection left, is away for a while, or turns into a standby: the runtime
// waits for it, says so once, and goes on as soon as it can.

import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { within } from "../../support/pace.ts";
import { execute } from "../../support/postgres/databases.ts";
import { Link } from "../../support/postgres/link.ts";
import type { PostgresServer } from "../../support/postgres/server.ts";
import { startPostgres, startStandby } from "../../support/postgres.ts";
import { monotonic } from "../../support/runtime-process.ts";
import { Siege } from "../../support/siege.ts";
import { waitFor } from "../../support/wait-for.ts";

const maxConnections = 30;
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: maxConnections } });
});

afterAll(async () => {
  await server.stop();
});

interface Crowd extends AsyncDisposable {
  /** Ends every connection to this database that is between two statements. */
  throwOut(url: string): Promise<void>;
  leave(): Promise<void>;
}

/** Takes every connection that is or becomes free. */
async function crowd(): Promise<Crowd> {
  const open = async (): Promise<Client> => {
    const client = new Client({ connectionString: server.url() });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const first = await open();
  const taken = [first];
  let over = false;
  const take = async (): Promise<void> => {
    while (!over)
      await open().then(
        (client) => taken.push(client),
        () => undefined,
      );
  };
  const takers = [take(), take()];
  const leave = async (): Promise<void> => {
    over = true;
    await Promise.all(takers);
    await Promise.all(taken.splice(0).map((client) => client.end()));
  };
  return {
    async throwOut(url) {
      // amid a statement, and where it listens, a process is told of the end and says that instead
      const idle = "datname = $1 AND state = 'idle' AND query NOT LIKE 'LISTEN %'";
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${idle}`;
      await first.query(end, [new URL(url).pathname.slice(1)]);
    },
    leave,
    [Symbol.asyncDispose]: leave,
  };
}

test("no connection left: those without one wait for it, and say so once", async () => {
  const url = await server.createDatabase();
  await using siege = await Siege.of(url);
  let outages = 0;
  {
    await using others = await crowd();
    const full = async () => {
      // whoever loses his connection now finds no other, unless he is quicker than the crowd
      outages += 1;
      await others.throwOut(url);
      const said = siege.runtime.events("store-trouble");
      return said.some(({ msg }) => /no connection left/.test(msg!));
    };
    await siege.runtime.until(full, { everyMs: 50, what: "a process without a connection" });
    const since = monotonic();
    await waitFor(() => monotonic() - since > 1_000);
  }
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages });
});

test("away for three seconds: said once by each process, and forgotten within two seconds", async () => {
  await using siege = await Siege.of(await server.createDatabase());
  await server.halt();
  const away = monotonic();
  await waitFor(() => monotonic() - away > 3_000);
  // who is idle has nothing to say; the heart is never idle
  expect(siege.said("store-trouble")).toMatchObject({ supervisor: 1 });
  await server.start();
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages: 1 });
});

test("failover: a standby that only answers reads is waited for until it is promoted", async () => {
  await using primary = await startPostgres();
  const direct = await primary.createDatabase();
  await using standby = await startStandby(primary);
  await using link = await Link.to(primary.port);
  const url = link.through(direct);
  await using siege = await Siege.of(url);
  // its last words reach the standby before it ends
  await primary.halt("fast");
  link.leadTo(standby.port);
  await siege.runtime.event("store-trouble", ({ process }) => process === "supervisor");
  const since = monotonic();
  await waitFor(() => monotonic() - since > 1_000);
  await execute(standby.url(), "SELECT pg_promote()");
  expect(await siege.goesOn()).toBeLessThan(within(2_000));
  await siege.survives({ outages: 1 });
});
