// Naming a unix socket: the kernel gives its path about a hundred bytes.

import { relative } from "node:path";

/** What `sun_path` holds, less its final zero. */
const maximumBytes = process.platform === "linux" ? 107 : 103;

/**
 * The shortest way to write a path to the kernel from the working directory.
 * @throws Error when even that is too long
 */
export function kernelPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  const shortest = fromHere.length > 0 && fromHere.length < path.length ? fromHere : path;
  const bytes = Buffer.byteLength(shortest);
  if (bytes <= maximumBytes) return shortest;
  throw new Error(
    `the path of the control socket ${path} has ${bytes} bytes and a socket can have ` +
      `${maximumBytes}; set control.socket to a shorter path`,
  );
}
