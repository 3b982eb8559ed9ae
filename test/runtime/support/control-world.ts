// A control server to ask, with a target that notes what it was told.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openStore, type Store } from "@queue-runtime/store";
import { afterEach, beforeEach } from "vitest";
import { loadConfig } from "../../../packages/runtime/src/config/load.ts";
import type { Config, ControlConfig } from "../../../packages/runtime/src/config.ts";
import type { LiveCommands } from "../../../packages/runtime/src/control/live-commands.ts";
import { type ControlServer, serveControl } from "../../../packages/runtime/src/control/server.ts";
import type { ControlTarget } from "../../../packages/runtime/src/control/target.ts";
import { RealCommands } from "./real-commands.ts";

export class NotingTarget implements ControlTarget {
  readonly told: string[] = [];
  ready = true;
  reloadError: Error | null = null;
  stopped = Promise.withResolvers<void>();
  readonly config: Config;
  readonly store: Store;
  commands: LiveCommands | null = null;

  constructor(config: Config, store: Store) {
    this.config = config;
    this.store = store;
  }

  describe = () => ({
    pid: 4242,
    host: "here",
    startedAt: 1_700_000_000_000,
    state: "running" as const,
    processes: [{ id: 7, pid: 4243, state: "busy" as const, rssBytes: 1024 }],
  });
  stop = () => {
    this.told.push("stop");
    return this.stopped.promise;
  };
  quiet = (on: boolean) => void this.told.push(`quiet ${on}`);
  reload = async () => {
    this.told.push("reload");
    if (this.reloadError) throw this.reloadError;
  };
  isReady = () => this.ready;
  wrote = () => {};
}

export class ControlWorld {
  folder = "";
  socket = "";
  target!: NotingTarget;
  readonly #servers: ControlServer[] = [];
  #live: RealCommands | undefined;

  async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "control-"));
    this.socket = join(this.folder, "run", "runtime.sock");
    const file = join(this.folder, "queue.yml");
    writeFileSync(file, "store: sqlite:./queue.sqlite\nworkers: []\n");
    const config = await loadConfig(file);
    const store = await openStore(config.store);
    await store.migrate();
    this.target = new NotingTarget(config, store);
    this.#live = undefined;
  }

  /** From now on commands run. Before `serve`. */
  async runCommands(): Promise<RealCommands> {
    const { store, config } = this.target;
    const live = new RealCommands(store, config.commands!.output);
    await live.open();
    this.#live = live;
    this.target.commands = live;
    return live;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.close();
    await this.#live?.close();
    await this.target.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async serve(more: Partial<ControlConfig> = {}): Promise<ControlServer> {
    const control = { socket: this.socket, http: null, token: "", ...more };
    const server = await serveControl(control, this.target);
    this.#servers.push(server);
    return server;
  }

  /** Serves on TCP and answers with its address. */
  async serveTcp(token: string): Promise<string> {
    const port = await freePort();
    await this.serve({ http: { host: "127.0.0.1", port }, token });
    return `http://127.0.0.1:${port}`;
  }
}

/** A fresh folder, target and set of servers for every test of the file. */
export function controlWorld(): ControlWorld {
  const world = new ControlWorld();
  beforeEach(() => world.open());
  afterEach(() => world.close());
  return world;
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const client: Socket = connect(port, "127.0.0.1", () => resolve(client));
    client.on("error", reject);
  });
}

export async function raw(port: number, message: string): Promise<string> {
  const client = await connected(port);
  client.write(message);
  return await text(client);
}
