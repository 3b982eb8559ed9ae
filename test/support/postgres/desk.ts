// The one server of a whole test run, which costs nothing until a test asks for it. vitest calls
// `setup` in its main process: it opens a desk where workers ask for the address, and the first
// that asks has the server started. RUNTIME_TEST_DATABASE_URL names another server to use instead.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { dropLeftovers, nameRun } from "./databases.ts";
import { PostgresServer } from "./server.ts";

const variable = "RUNTIME_TEST_POSTGRES_DESK";

let desk: Server | null = null;
let server: PostgresServer | null = null;
let starting: Promise<string> | null = null;

export async function setup(): Promise<void> {
  nameRun();
  desk = createServer((socket) => {
    socket.on("error", () => {});
    const answer = (words: object) => socket.end(JSON.stringify(words));
    ownServer().then(
      (url) => answer({ url }),
      (error: Error) => answer({ error: error.message }),
    );
  });
  desk.listen(0, "127.0.0.1").unref();
  await once(desk, "listening");
  process.env[variable] = String((desk.address() as AddressInfo).port);
}

export async function teardown(): Promise<void> {
  desk?.close();
  // also of one that is just being started
  await starting?.catch(() => {});
  await server?.stop();
  const elsewhere = process.env.RUNTIME_TEST_DATABASE_URL;
  if (elsewhere) await dropLeftovers(elsewhere);
}

/**
 * The URL of a server where tests may create databases. Without a desk (a program that is run by
 * hand) it is a server of this process, which is gone soon after it.
 */
export async function sharedPostgres(): Promise<string> {
  const elsewhere = process.env.RUNTIME_TEST_DATABASE_URL;
  if (elsewhere) return elsewhere;
  const port = process.env[variable];
  if (!port) return await ownServer();
  const socket = connect(Number(port), "127.0.0.1");
  const { url, error } = JSON.parse(await text(socket)) as { url?: string; error?: string };
  if (url === undefined) throw new Error(`no PostgreSQL for this run: ${error}`);
  return url;
}

function ownServer(): Promise<string> {
  starting ??= (async () => {
    server = new PostgresServer();
    await server.createCluster();
    await server.start();
    return server.url();
  })();
  return starting;
}
