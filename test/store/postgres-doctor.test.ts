// What `runtime doctor` says of a PostgreSQL server that is not as it should be.

import { type Diagnosis, openStore } from "@queue-runtime/store";
import pg from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres, testThatNeeds } from "../support/needs.ts";
import { pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import { startPostgres, temporaryPostgres } from "../support/postgres.ts";

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: "a report" });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function diagnose(url: string): Promise<readonly Diagnosis[]> {
  const store = await openStore(url);
  try {
    return await store.diagnose();
  } finally {
    await store.close();
  }
}

async function findingsOf(url: string, check: string): Promise<string> {
  const found = (await diagnose(url)).filter((each) => each.check === check);
  return found.map(({ status, detail }) => `${status}: ${detail}`).join("\n");
}

/** Gone with all its rights when the work is done. */
async function withRole(
  database: string,
  work: (role: { name: string; url: string }, client: pg.Client) => Promise<void>,
): Promise<void> {
  const name = `role_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(database);
  url.username = name;
  url.password = name;
  await withClient(database, async (client) => {
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
    try {
      await work({ name, url: url.href }, client);
    } finally {
      await client.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
    }
  });
}

const inSchema = "IN SCHEMA queue_runtime";

/** Each on top of those before. */
const grants: readonly [sql: string, finding: RegExp][] = [
  ["SELECT 1", /^error: .* cannot enter the schema: GRANT USAGE ON SCHEMA queue_runtime$/],
  ["GRANT USAGE ON SCHEMA queue_runtime TO :role", /^error: .* cannot work here: it lacks /],
  ["GRANT SELECT ON queue_runtime.job_overview TO :role", /^ok: .* is a viewer/],
  [`GRANT EXECUTE ON ALL FUNCTIONS ${inSchema} TO :role`, /^ok: .* is an enqueuer/],
  [
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES ${inSchema} TO :role`,
    /^ok: .* is a worker/,
  ],
  ["GRANT postgres TO :role", /^ok: .* is the owner/],
];

const burnTransactions = `DO $$ BEGIN
  FOR n IN 1..100001 LOOP
    PERFORM pg_current_xact_id();
    COMMIT;
  END LOOP;
END $$`;

describeThatNeedsPostgres("doctor on PostgreSQL", () => {
  it("finds nothing wrong with a new store", async () => {
    await using world = await temporaryPostgres();
    const found = await diagnose(world.url);
    const doubtful = found.filter(({ status, check }) => status !== "ok" && check !== "settings");
    expect(doubtful).toEqual([]);
    const checks = "server pooler privileges connections snapshots indexes clock notifications";
    expect(found.map(({ check }) => check)).toEqual(expect.arrayContaining(checks.split(" ")));
  });

  it("says what a role may do, and never fails for what it may not", async () => {
    await using world = await temporaryPostgres();
    await withRole(world.url, async (role, client) => {
      for (const [sql, finding] of grants) {
        await client.query(sql.replace(":role", role.name));
        expect(await findingsOf(role.url, "privileges")).toMatch(finding);
      }
    });
  });

  it("names who holds an old snapshot, also where most of it is hidden", async () => {
    await using server = await startPostgres();
    await withClient(server.url(), async (holder) => {
      await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await holder.query("SELECT count(*) FROM pg_class");
      await withRole(server.url(), async (role, client) => {
        expect(await findingsOf(role.url, "snapshots")).toMatch(/^ok: .*GRANT pg_read_all_stats/);
        await client.query(burnTransactions);
        expect(await findingsOf(role.url, "snapshots")).toMatch(
          /^warning: the transaction of "a report" \(pid \d+, .*for \d{3},\d+ transactions: end it/,
        );
      });
    });
  });

  it("warns of a server that may lose jobs or has no connection left", async () => {
    const off = { synchronous_commit: "off", autovacuum: "off" };
    await using server = await startPostgres({ settings: { ...off, max_connections: 20 } });
    const url = server.url();
    const settings = await findingsOf(url, "settings");
    for (const name of ["fsync", "full_page_writes", "synchronous_commit", "autovacuum"])
      expect(settings).toMatch(new RegExp(`warning: ${name} is off: .*; turn it on`));
    expect(await findingsOf(url, "connections")).toMatch(/^ok: \d of 17 are taken$/);
    const clients = Array.from({ length: 14 }, () => new pg.Client(url));
    await Promise.all(clients.map((client) => client.connect()));
    const crowded = await findingsOf(url, "connections");
    await Promise.all(clients.map((client) => client.end()));
    expect(crowded).toMatch(/^warning: \d+ of 17 are taken: raise max_connections/);
  });

  testThatNeeds(pgbouncer)("tells a pooler that swallows notifications", async () => {
    await using server = await startPostgres();
    await using pooler = await startPgbouncer(server.url());
    const url = pooler.through(server.url());
    expect(await findingsOf(url, "pooler")).toMatch(/^ok: one stands between/);
    expect(await findingsOf(url, "notifications")).toMatch(/^warning: none arrives/);
  });
});
