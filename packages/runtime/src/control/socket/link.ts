// Where the runtime of a queue.yml listens, for command lines that have not read that file: a link
// to its socket, under the path of the file, in a folder that nobody else can write to. It is a
// hint and no more: it may be missing or lead to nobody, and who follows it has to ask.

import { tmpdir } from "node:os";
import { join } from "node:path";

/** Not by an import: that looks at all that a module has, and so loads the streams of files. */
const fs: typeof import("node:fs") = process.getBuiltinModule("node:fs");

/** Of the name of a file, in bytes, on every file system we know. */
const longestName = 255;

/** Does nothing where no folder can be had. Links to sockets that are gone end here. */
export function linkSocket(configFile: string, socket: string): void {
  const link = linkOf(configFile);
  if (link === null) return;
  const draft = join(folder(), `.${process.pid}`);
  try {
    if (!fs.existsSync(folder())) fs.mkdirSync(folder(), { mode: 0o700 });
    if (!isOurs(folder())) return;
    removeDead();
    fs.rmSync(draft, { force: true });
    fs.symlinkSync(socket, draft);
    fs.renameSync(draft, link);
  } catch {
    // command lines read queue.yml then
  }
}

/** Unless it leads to another socket by now. */
export function unlinkSocket(configFile: string, socket: string): void {
  if (linkedSocket(configFile) !== socket) return;
  try {
    fs.rmSync(linkOf(configFile)!, { force: true });
  } catch {
    // it leads to nobody, and the next start puts another in its place
  }
}

/** The path of the socket, whether or not anybody listens there. */
export function linkedSocket(configFile: string): string | null {
  const link = linkOf(configFile);
  try {
    return link !== null && isOurs(folder()) ? fs.readlinkSync(link) : null;
  } catch {
    return null;
  }
}

function linkOf(configFile: string): string | null {
  const name = encodeURIComponent(configFile.toWellFormed());
  return process.getuid === undefined || name.length > longestName ? null : join(folder(), name);
}

function folder(): string {
  return join(tmpdir(), `queue-runtime-${process.getuid?.()}`);
}

/** Others may have made a folder of this name first, and could lead us to a socket of theirs. */
function isOurs(path: string): boolean {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  const isPrivate = found?.isDirectory() === true && (found.mode & 0o077) === 0;
  return isPrivate && found.uid === process.getuid?.();
}

function removeDead(): void {
  for (const entry of fs.readdirSync(folder(), { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(folder(), entry.name);
    if (!fs.existsSync(link)) fs.rmSync(link, { force: true });
  }
}
