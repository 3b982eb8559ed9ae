// Binding unix sockets safely. The kernel follows no permissions but those of the file at the
// moment of `bind`, and leaves dead socket files behind.

import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { makeFolder } from "@queue-runtime/store";
import { kernelPath } from "./kernel-path.ts";

/**
 * Listens on a unix socket that only its owner can open, in the place of a dead one. The caller
 * holds the lock of the path, so a socket that is found there belongs to nobody.
 *
 * The socket is bound in a private folder, narrowed to 0600 and only then moved to its name: nobody
 * can connect before the mode is right, and a client never finds the name missing. A narrower
 * `umask` around `listen` would do too, but it holds for every thread of the process.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  kernelPath(path);
  makeFolder(dirname(path));
  refuseForeign(path);
  const folder = mkdtempSync(`${dirname(path)}/.`);
  try {
    const bound = join(folder, "s");
    await listening(server, { path: kernelPath(bound) });
    chmodSync(bound, 0o600);
    renameSync(bound, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when the server listens, rejects with the reason why it cannot. */
export function listening(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A symbolic link could lead anywhere, and anything but a socket was put there by somebody. */
function refuseForeign(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isSocket()) return;
  const what = found.isSymbolicLink() ? "a symbolic link" : "not a socket";
  throw new Error(`${path} is ${what}; remove it, or set control.socket elsewhere`);
}
