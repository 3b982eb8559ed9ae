// The bare SQL in a loop: what PostgreSQL and `pg` themselves allow to a queue. Prepared statements
// and array parameters; a table with nothing but what that needs; jobs are deleted when they end.
// No fences, no errors, no retries, no names, no job code.
//
// `one`: one connection, claim and delete by turns, batches of 100.
// `two`: two connections, each of which does that, so that one round trip hides behind the other.
// `keep`: as `two`, but what ended is moved to a table of its own, as we and others keep it.
// `alone`: one job at a time, for latency: woken by NOTIFY, claims one, runs it.

import pg from "pg";
import type { Payload } from "../harness/payload.ts";
import type { Contender, ContenderOptions, Perform } from "./contender.ts";

const schema = `
  CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    priority smallint NOT NULL DEFAULT 0,
    running boolean NOT NULL DEFAULT false,
    payload json NOT NULL
  );
  CREATE INDEX jobs_ready ON jobs (priority, id) WHERE NOT running;
  CREATE TABLE ended_jobs (
    id bigint PRIMARY KEY,
    priority smallint NOT NULL,
    payload json NOT NULL,
    ended_at timestamptz NOT NULL
  )`;

const insertOne = { name: "insert", text: "INSERT INTO jobs (payload) VALUES ($1)" };
const insertAndNotify = {
  name: "insert and notify",
  text: "WITH job AS (INSERT INTO jobs (payload) VALUES ($1)) SELECT pg_notify('jobs', '')",
};
const insertMany = {
  name: "insert many",
  text: "INSERT INTO jobs (payload) SELECT unnest($1::json[])",
};
const claim = {
  name: "claim",
  text: `UPDATE jobs SET running = true WHERE id = ANY (ARRAY (
      SELECT id FROM jobs WHERE NOT running
      ORDER BY priority, id LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING id, payload`,
};
const remove = { name: "remove", text: "DELETE FROM jobs WHERE id = ANY ($1)" };
const move = {
  name: "move",
  text: `WITH ended AS (DELETE FROM jobs WHERE id = ANY ($1) RETURNING id, priority, payload)
    INSERT INTO ended_jobs SELECT id, priority, payload, now() FROM ended`,
};

interface Row {
  readonly id: string;
  readonly payload: Payload;
}

export async function open({ url, variant }: ContenderOptions): Promise<Contender> {
  const client = await connect(url);
  const insert = variant === "alone" ? insertAndNotify : insertOne;
  return {
    async migrate() {
      await client.query(schema);
    },
    enqueue: (input) => client.query({ ...insert, values: [JSON.stringify(input)] }),
    enqueueMany: (inputs) =>
      client.query({ ...insertMany, values: [inputs.map((input) => JSON.stringify(input))] }),
    async work(perform) {
      if (variant === "alone") return await waitForOne(url, perform);
      const clients = variant === "one" ? [client] : [client, await connect(url)];
      const settle = variant === "keep" ? move : remove;
      for (const each of clients) void drain(each, settle, perform);
    },
    async isEmpty() {
      const { rows } = await client.query("SELECT NOT EXISTS (SELECT FROM jobs) AS yes");
      return rows[0].yes;
    },
    close: () => client.end(),
  };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function drain(client: pg.Client, settle: typeof remove, perform: Perform): Promise<void> {
  for (;;) {
    const { rows } = await client.query<Row>({ ...claim, values: [100] });
    if (rows.length === 0) return;
    for (const { payload } of rows) perform(payload);
    await client.query({ ...settle, values: [rows.map(({ id }) => id)] });
  }
}

async function waitForOne(url: string, perform: Perform): Promise<void> {
  const listener = await connect(url);
  const worker = await connect(url);
  const runOne = async (): Promise<void> => {
    const { rows } = await worker.query<Row>({ ...claim, values: [1] });
    for (const { payload } of rows) perform(payload);
    await worker.query({ ...remove, values: [rows.map(({ id }) => id)] });
  };
  let last = Promise.resolve();
  listener.on("notification", () => {
    last = last.then(runOne);
  });
  await listener.query("LISTEN jobs");
}
