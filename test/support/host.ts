// Another machine, as far as the kernel can play one: a host name of its own, and where a test wants
// it a network of its own, whose cable can be pulled.

import { spawnSync } from "node:child_process";

/** Runs the rest of the command line under another host name. */
const rename = 'hostname "$0" && exec "$@"';

/** In front of a command: the name of the machine it runs on, where the kernel lets us choose it. */
export function onHost(name: string): readonly string[] {
  const unshare = ["unshare", "--uts", "sh", "-c", rename, name];
  if (spawnSync(unshare[0]!, [...unshare.slice(1), "true"]).status === 0) return unshare;
  say(`this kernel gives nobody a host name: ${name} is a host by its processes only`);
  return [];
}

export function say(message: string): void {
  const frame = "#".repeat(message.length);
  process.stderr.write(`\n${frame}\n${message}\n${frame}\n`);
}

/** A network namespace with one cable to ours. */
export class Network implements Disposable {
  /** Ours, at our end of the cable: the only one that can be reached from inside. */
  readonly address: string;
  readonly #name: string;

  private constructor(name: string, net: string) {
    this.#name = name;
    this.address = `${net}.1`;
    const [ours, theirs] = [`${name}a`, `${name}b`];
    ip("netns", "add", name);
    try {
      ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name);
      ip("addr", "add", `${net}.1/30`, "dev", ours);
      ip("link", "set", ours, "up");
      ip("-n", name, "addr", "add", `${net}.2/30`, "dev", theirs);
      ip("-n", name, "link", "set", theirs, "up");
      ip("-n", name, "link", "set", "lo", "up");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Null, and a loud line, where the kernel does not let us. */
  static make(): Network | null {
    const number = () => Math.floor(Math.random() * 254) + 1;
    try {
      return new Network(`qr${process.pid}`, `10.${number()}.${number()}`);
    } catch (error) {
      say(
        `no network namespaces here, so NO HOST WAS CUT OFF FOR REAL: ${(error as Error).message}`,
      );
      return null;
    }
  }

  /** In front of a command: it runs inside. */
  get inside(): readonly string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Whatever is sent goes nowhere, and nobody says so. */
  pull(): void {
    ip("link", "set", `${this.#name}a`, "down");
  }

  plug(): void {
    ip("link", "set", `${this.#name}a`, "up");
  }

  [Symbol.dispose](): void {
    ip("netns", "del", this.#name);
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}
