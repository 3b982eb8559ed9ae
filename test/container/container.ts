// A runtime in a container, locked down as docker/compose.yml does it, and what a test asks of it.

import { images } from "./images.ts";
import type { Ended, Podman } from "./podman.ts";

/** The part of `runtime job ID --json` that these tests look at. */
export interface ShownJob {
  readonly state: string;
  readonly cursor: unknown;
}

export interface ProcessInside {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** One letter of the kernel's; Z is a zombie. */
  readonly state: string;
  readonly uid: number;
}

const lockedDown = [
  ["--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp"],
  ["--cap-drop", "all", "--security-opt", "no-new-privileges"],
  ["--env", "RUNTIME_TOKEN=container", "--env", "LOG_LEVEL=debug"],
].flat();

export interface RunOptions {
  /** The image, after options and before a command; the one with jobs by default. */
  readonly what?: readonly string[];
  /** On /data; NAME-data by default. */
  readonly volume?: string;
}

export class Container {
  readonly name: string;
  readonly #podman: Podman;
  readonly #volume: string;

  private constructor(podman: Podman, name: string, volume: string) {
    this.#podman = podman;
    this.name = name;
    this.#volume = volume;
  }

  static async run(podman: Podman, name: string, options: RunOptions = {}): Promise<Container> {
    const { what = [images.withJobs], volume = `${name}-data` } = options;
    const place = ["--volume", `${volume}:/data`, "--network", podman.network];
    const ports = ["--publish", "127.0.0.1::7070"];
    await podman.do("run", "--detach", "--name", name, ...place, ...ports, ...lockedDown, ...what);
    return new Container(podman, name, volume);
  }

  /** @throws Error with the log when it does not become ready */
  async ready(): Promise<void> {
    for (const deadline = performance.now() + 60_000; (await this.probe("/readyz")) !== 200; ) {
      const state = await this.#podman.do("inspect", "--format", "{{.State.Status}}", this.name);
      if (state === "running" && performance.now() < deadline) continue;
      throw new Error(`${this.name} is ${state} but not ready; it says:\n${await this.logs()}`);
    }
  }

  /** The status that a path of the control API answers over TCP; 0 while nobody answers. */
  async probe(path: string): Promise<number> {
    const address = await this.#podman.do("port", this.name, "7070/tcp");
    const answer = await fetch(`http://${address}${path}`).catch(() => null);
    await answer?.body?.cancel();
    return answer?.status ?? 0;
  }

  /** What `runtime` prints inside, with the configuration it finds by itself. */
  async cli(...args: readonly string[]): Promise<string> {
    return this.#podman.do("exec", this.name, "runtime", ...args);
  }

  async job(id: string): Promise<ShownJob> {
    return JSON.parse(await this.cli("job", id, "--json"));
  }

  /** @throws Error with what is known of it, and the log, when it is not finished within 40 s */
  async finished(id: string): Promise<ShownJob> {
    let answer = "none";
    for (const deadline = performance.now() + 40_000; performance.now() < deadline; ) {
      const { code, stdout, stderr } = await this.try("runtime", "job", id, "--json");
      answer = `${code}: ${stdout}${stderr}`;
      if (code !== 0) continue;
      const job: ShownJob = JSON.parse(stdout);
      if (job.state === "finished") return job;
    }
    throw new Error(`job ${id} is not finished; ${answer}\n${await this.logs()}`);
  }

  async lines(path: string): Promise<readonly string[]> {
    const { code, stdout } = await this.#podman.try("exec", this.name, "cat", path);
    return code === 0 ? stdout.trimEnd().split("\n") : [];
  }

  async processes(): Promise<readonly ProcessInside[]> {
    return JSON.parse(await this.#podman.do("exec", this.name, "node", "--eval", listProcesses));
  }

  async logs(): Promise<string> {
    const { stdout, stderr } = await this.#podman.try("logs", this.name);
    return stdout + stderr;
  }

  /** `podman stop`, with Kubernetes' patience. */
  async stop(): Promise<void> {
    await this.#podman.do("stop", "--time", "30", this.name);
  }

  async start(): Promise<void> {
    await this.#podman.do("start", this.name);
  }

  async signal(name: "TERM" | "KILL"): Promise<void> {
    await this.#podman.do("kill", "--signal", name, this.name);
  }

  /** Once it has ended. */
  async exitCode(): Promise<number> {
    return Number(await this.#podman.do("wait", this.name));
  }

  async remove(): Promise<void> {
    await this.#podman.do("rm", "--force", "--time", "0", this.name);
    // the last of several that share it removes it
    await this.#podman.try("volume", "rm", this.#volume);
  }

  async try(...command: readonly string[]): Promise<Ended> {
    return this.#podman.try("exec", this.name, ...command);
  }
}

/** Runs inside; leaves itself out. */
const listProcesses = `
const fs = require("node:fs");
const all = fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).flatMap((pid) => {
  try {
    const status = fs.readFileSync("/proc/" + pid + "/status", "utf8");
    const field = (name) => new RegExp("^" + name + ":\\\\s*(\\\\S+)", "m").exec(status)[1];
    const [parent, uid] = [Number(field("PPid")), Number(field("Uid"))];
    return [{ pid: Number(pid), parent, name: field("Name"), state: field("State"), uid }];
  } catch {
    return [];
  }
});
console.log(JSON.stringify(all.filter(({ pid }) => pid !== process.pid)));
`;
