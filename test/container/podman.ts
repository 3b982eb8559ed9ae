// podman in a world of its own: images, containers and volumes live in one folder that is deleted
// afterwards, so that nothing of the machine's is seen, used or left changed. Only the network has
// to be made in the machine's configuration; it has a name of ours and is removed with the rest.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Failure = Partial<Record<keyof Ended | "killed", unknown>>;

export class Podman {
  readonly folder: string;
  readonly network: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param folder where `create` made a world, or will */
  constructor(folder: string) {
    this.folder = folder;
    this.network = `queue-runtime-${folder.slice(-6).toLowerCase()}`;
    this.#env = {
      ...process.env,
      CONTAINERS_CONF: join(folder, "containers.conf"),
      CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    };
  }

  async create(): Promise<void> {
    mkdirSync(join(this.folder, "run"), { recursive: true });
    writeFileSync(join(this.folder, "containers.conf"), engineConfiguration());
    const [store, run] = [join(this.folder, "store"), join(this.folder, "run")];
    writeFileSync(
      join(this.folder, "storage.conf"),
      `[storage]\ndriver = "overlay"\ngraphroot = "${store}"\nrunroot = "${run}"\n`,
    );
    await this.do("network", "create", this.network);
  }

  /** Removes everything that was made in this world; the folder itself is the caller's. */
  async destroy(): Promise<void> {
    await this.try("pod", "rm", "--all", "--force", "--time", "0");
    await this.try("rm", "--all", "--force", "--time", "0", "--volumes");
    await this.try("volume", "rm", "--all", "--force");
    await this.try("rmi", "--all", "--force");
    await this.try("network", "rm", "--force", this.network);
  }

  /** What the command printed. @throws Error with the end of all it said when it fails */
  async do(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(...args);
    if (code === 0) return stdout.trim();
    const said = `${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`;
    throw new Error(`podman ${args.join(" ")} ended with ${code}:\n${said}`);
  }

  /** 124 where it gave no answer: within 60 s to something inside, or 5 minutes to all else. */
  async try(...args: readonly string[]): Promise<Ended> {
    const timeout = args[0] === "exec" ? 60_000 : 300_000;
    // after a TERM it ends with 0, as if nothing were to be said
    const killSignal = "SIGKILL" as const;
    const options = { env: this.#env, maxBuffer: 64 * 1024 * 1024, timeout, killSignal };
    try {
      return { code: 0, ...(await execute("podman", args, options)) };
    } catch (error) {
      const { code, killed, stdout = "", stderr = "" } = error as Failure;
      if (typeof code !== "number" && killed !== true) throw error;
      return { code: Number(code ?? 124), stdout: String(stdout), stderr: String(stderr) };
    }
  }
}

/** Limits that may be set without privileges; runc where crun refuses the mixed cgroup layout. */
function engineConfiguration(): string {
  const mixedCgroups = !existsSync("/sys/fs/cgroup/cgroup.controllers");
  return [
    ...(mixedCgroups ? ["[engine]", 'runtime = "runc"'] : []),
    "[containers]",
    'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
    "[network]",
    'network_backend = "netavark"',
    "",
  ].join("\n");
}
