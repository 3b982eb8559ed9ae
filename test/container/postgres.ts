// A PostgreSQL server in a container, on the network of the runtimes and under the name that
// compose.yml gives it. The official image would have to be pulled, so the programs of the npm
// package run in the image that the runtime's starts from; its data are in memory.

import { nativeFolder } from "../support/postgres/binaries.ts";
import { databaseUser } from "../support/postgres/user.ts";
import { images } from "./images.ts";
import type { Podman } from "./podman.ts";

const password = "c0ntainer";

/** What a container on the same network connects to. */
export const databaseUrl = `postgres://queue:${password}@postgres:5432/queue`;

const start = `
printf %s "$PASSWORD" > /data/password
/pg/bin/initdb -D /data/cluster -U queue --pwfile=/data/password --auth=scram-sha-256 --no-sync -E UTF8
echo "CREATE DATABASE queue" | /pg/bin/postgres --single -D /data/cluster -j postgres
echo "host all all all scram-sha-256" >> /data/cluster/pg_hba.conf
exec /pg/bin/postgres -D /data/cluster -c listen_addresses='*' -c fsync=off \
  -c unix_socket_directories=/data
`;

export class PostgresContainer {
  readonly #podman: Podman;

  constructor(podman: Podman) {
    this.#podman = podman;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const { uid = 1_000, gid = 1_000 } = databaseUser;
    const place = ["--network", this.#podman.network, "--user", `${uid}:${gid}`];
    const files = ["--volume", `${nativeFolder()}:/pg:ro`, "--tmpfs", "/data:mode=1777"];
    const what = [
      "--env",
      `PASSWORD=${password}`,
      "--entrypoint",
      "sh",
      images.base,
      "-euc",
      start,
    ];
    await this.#podman.do("run", "--detach", "--name", "postgres", ...place, ...files, ...what);
    const giveUpAt = performance.now() + 30_000;
    while (!(await this.#log()).includes("ready to accept connections")) {
      const state = await this.#podman.do("inspect", "--format", "{{.State.Status}}", "postgres");
      if (state === "running" && performance.now() < giveUpAt) continue;
      throw new Error(`PostgreSQL is ${state} but not ready; it says:\n${await this.#log()}`);
    }
  }

  /**
   * For those that look it up. The name server of the network loses questions while a container
   * comes or goes, and whoever asked waits 5 s for each.
   */
  async knownHost(): Promise<readonly string[]> {
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = await this.#podman.do("inspect", "--format", format, "postgres");
    return ["--add-host", `postgres:${address}`];
  }

  async remove(): Promise<void> {
    await this.#podman.do("rm", "--force", "--time", "0", "--ignore", "postgres");
  }

  async #log(): Promise<string> {
    const { stdout, stderr } = await this.#podman.try("logs", "postgres");
    return stdout + stderr;
  }
}
