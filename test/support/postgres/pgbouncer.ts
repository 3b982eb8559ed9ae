// A PgBouncer of our own in front of a server, in transaction mode: a connection to it is one of
// the server's for the time of a transaction only.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import { execute } from "./databases.ts";
import { freePort } from "./server.ts";
import { databaseUser } from "./user.ts";

/** Where Debian and its like install it, which is not in everybody's path. */
export const pgbouncer = "/usr/sbin/pgbouncer";

/** Also when we are killed: its standard input ends with us. */
const untilWeEnd = '"$1" -q "$2" & cat >/dev/null; kill -KILL $!; wait';

export interface Pooler extends AsyncDisposable {
  /** The URL of the same database, through the pooler. */
  through(url: string): string;
}

/** `settings` are lines of its configuration. */
export async function startPgbouncer(url: string, settings = ""): Promise<Pooler> {
  const { hostname, port: serverPort } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), "queue-runtime-pgbouncer-"));
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(file, configuration({ hostname, serverPort, port, settings }));
  writeFileSync(join(folder, "users"), '"postgres" ""\n');
  chmodSync(folder, 0o755);
  const child = spawn("sh", ["-c", untilWeEnd, "sh", pgbouncer, file], {
    ...databaseUser,
    cwd: folder,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  const through = (other: string): string => {
    const moved = new URL(other);
    moved.host = `127.0.0.1:${port}`;
    return moved.href;
  };
  await waitFor(() => execute(through(url), "SELECT 1").catch(() => null), {
    what: "PgBouncer to take connections",
  });
  return {
    through,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Place {
  readonly hostname: string;
  readonly serverPort: string;
  readonly port: number;
  readonly settings: string;
}

function configuration({ hostname, serverPort, port, settings }: Place): string {
  return `[databases]
* = host=${hostname} port=${serverPort}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = users
pool_mode = transaction
default_pool_size = 10
${settings}
`;
}
