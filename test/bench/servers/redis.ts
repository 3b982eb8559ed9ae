// redis-server, where there is one. BullMQ's documentation ("Going to production") recommends an
// append-only file written to disk every second, and noeviction: that is `everysec`. An enqueue can
// then be lost with its last second; `always` writes it to disk before it is acknowledged, as
// everybody else here does.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { waitFor } from "../../support/wait-for.ts";

export type Fsync = "everysec" | "always";

/** One sentence about what is missing, or null. */
export function missingRedis(): string | null {
  const { error } = spawnSync("redis-server", ["--version"]);
  return error ? "redis-server is not installed" : null;
}

export class Redis {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#process = process;
  }

  /** Empty, with its files in this folder. */
  static async start(folder: string, fsync: Fsync): Promise<Redis> {
    const port = await freePort();
    const settings = ["--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", fsync];
    const place = ["--port", String(port), "--bind", "127.0.0.1"];
    const process = spawn(
      "redis-server",
      [...place, ...settings, "--maxmemory-policy", "noeviction"],
      { stdio: "ignore" },
    );
    await waitFor(() => answers(port), { what: "redis-server to take connections" });
    return new Redis(port, process);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
