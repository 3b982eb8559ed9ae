// A PostgreSQL server of our own in a temporary folder: real, throw-away, and gone when the process
// that started it is gone. It listens on 127.0.0.1 only.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { waitFor } from "../wait-for.ts";
import { copyNativeFolder, nativeFolder } from "./binaries.ts";
import { createDatabase, execute } from "./databases.ts";
import { type Guard, guardServer } from "./guard.ts";
import { databaseUser } from "./user.ts";

export interface PostgresOptions {
  /** Commits survive a power cut, at the price of that; false by default. */
  readonly fsync?: boolean;
  /** More settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/**
 * `fast`: connections are ended, transactions rolled back. `immediate`: as if it had crashed, all
 * its processes at once; it recovers at its next start.
 */
export type StopMode = "fast" | "immediate";

const signals = { fast: "SIGINT", immediate: "SIGQUIT" } as const;
const run = promisify(execFile);

/** Another server may have been quicker to take the port. */
const whoAnswers = "select current_setting('data_directory') as folder";

export class PostgresServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #programs: string;
  readonly #guard: Guard;
  readonly #settings: readonly string[];
  #port = 0;
  #process: ChildProcess | null = null;

  constructor({ fsync = false, settings = {} }: PostgresOptions = {}) {
    this.#folder = mkdtempSync(join(tmpdir(), "queue-runtime-postgres-"));
    chmodSync(this.#folder, 0o700);
    if (databaseUser.uid) chownSync(this.#folder, databaseUser.uid, databaseUser.gid!);
    this.#guard = guardServer(this.#folder);
    this.#programs = join(readableNativeFolder(this.#folder), "bin");
    const quick = fsync ? {} : { fsync: "off", synchronous_commit: "on", full_page_writes: "off" };
    const all = { max_connections: 200, unix_socket_directories: "", ...quick, ...settings };
    this.#settings = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }

  /** Of the process whose children serve the connections. */
  get pid(): number {
    if (this.#process === null) throw new Error("this PostgreSQL server does not run");
    return this.#process.pid!;
  }

  /** Stays the same from the first start on. */
  get port(): number {
    return this.#port;
  }

  /** Of the database `postgres` by default. */
  url(database = "postgres"): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/${database}`;
  }

  /** Creates an empty database, with a name of its own by default; answers its URL. */
  async createDatabase(name?: string): Promise<string> {
    return await createDatabase(this.url(), name);
  }

  /** Creates the cluster; once, before the first start. */
  async createCluster(): Promise<this> {
    const how = ["-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"];
    const options = { ...databaseUser, cwd: this.#folder, env: environment() };
    await run(join(this.#programs, "initdb"), ["-D", "data", ...how], options);
    return this;
  }

  /**
   * Instead of `createCluster`: a standby, which follows the other server and only answers reads.
   * That one restarts meanwhile.
   */
  async follow(primary: PostgresServer): Promise<this> {
    await primary.halt("fast");
    const data = join(this.#folder, "data");
    await run("cp", ["-a", join(primary.#folder, "data"), data]);
    await primary.start();
    const from = `host=127.0.0.1 port=${primary.port} user=postgres`;
    appendFileSync(join(data, "postgresql.auto.conf"), `primary_conninfo = '${from}'\n`);
    closeSync(openSync(join(data, "standby.signal"), "w"));
    return this;
  }

  /** Resolves when it takes connections. The port is chosen the first time, and kept. */
  async start(): Promise<void> {
    const keepPort = this.#port !== 0;
    const giveUpAt = performance.now() + 20_000;
    for (;;) {
      if (!keepPort) this.#port = await freePort();
      const log = openSync(join(this.#folder, "log"), "a");
      const place = ["-D", "data", "-p", String(this.#port), "-c", "listen_addresses=127.0.0.1"];
      this.#process = spawn(join(this.#programs, "postgres"), [...place, ...this.#settings], {
        ...databaseUser,
        cwd: this.#folder,
        env: environment(),
        detached: true,
        stdio: ["ignore", log, log],
      });
      this.#process.unref();
      closeSync(log);
      if (await this.#accepts()) return;
      this.#process = null;
      if (performance.now() > giveUpAt)
        throw new Error(`PostgreSQL does not start:\n${this.log()}`);
      await sleep(50);
    }
  }

  /** Ends it and waits for that; the data stay, for `start`. */
  async halt(mode: StopMode = "fast"): Promise<void> {
    await this.#end(signals[mode]);
  }

  /** Kills the main process with -9; its children end by themselves soon after. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** The same data at the same address. */
  async restart(mode: StopMode = "fast"): Promise<void> {
    await this.halt(mode);
    await this.start();
  }

  /** Ends it for good, and removes its data. */
  async stop(): Promise<void> {
    if (this.#process) await this.#end("SIGINT");
    await this.#guard.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What it wrote, the end of it. */
  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8").slice(-4_000);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill(signal);
    // a session that does not let go must not keep the tests waiting
    const timers = [
      setTimeout(() => child.kill("SIGQUIT"), 10_000),
      setTimeout(() => child.kill("SIGKILL"), 15_000),
    ];
    await ended;
    for (const timer of timers) clearTimeout(timer);
  }

  /** False when it ended instead: the port was taken, or children of a killed one still live. */
  async #accepts(): Promise<boolean> {
    const child = this.#process!;
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    const answers = async () => {
      if (ended()) return "ended";
      try {
        const rows = await execute<{ folder: string }>(this.url(), whoAnswers);
        return rows[0]!.folder === join(this.#folder, "data") && !ended() ? "ready" : null;
      } catch {
        return null;
      }
    };
    const what = "PostgreSQL to take connections";
    return (await waitFor(answers, { deadlineMs: 60_000, everyMs: 10, what })) === "ready";
  }
}

/** Nothing of the surroundings decides how a server behaves. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
}

/** The installed one, or a copy in the folder where nobody else may read that. */
function readableNativeFolder(folder: string): string {
  const installed = nativeFolder();
  const program = join(installed, "bin/postgres");
  const { status } = spawnSync(program, ["--version"], { ...databaseUser, cwd: folder });
  return status === 0 ? installed : copyNativeFolder(join(folder, "native"));
}

/**
 * Below the range from which the kernel gives ports to clients: a client that tries again and
 * again to reach a server that is down would now and then get that very port for itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
}

/** A running server. Dispose of it, or `stop` it. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = new PostgresServer(options);
  try {
    await server.createCluster();
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}
