// queue.yml as text: found, readable, small enough and UTF-8. Knows nothing about YAML.

import { type FileHandle, open } from "node:fs/promises";
import type { Problems } from "./problems.ts";

/** Far above any configuration, far below what would slow the parser down. */
const longestFile = 1024 * 1024;

const wholeFile = { line: 0, column: 0, path: "" };

/** The text without a byte order mark. Throws ConfigError when there is nothing to go on with. */
export async function readSource(path: string, problems: Problems): Promise<string> {
  let text = "";
  try {
    text = await readText(path);
  } catch (error) {
    problems.add(wholeFile, explain(error as NodeJS.ErrnoException));
  }
  refuseControls(text, problems);
  problems.throwIfAny();
  return text;
}

async function readText(path: string): Promise<string> {
  await using file = await open(path, "r");
  const bytes = await readBytes(file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refusal("is not UTF-8 text; save it as UTF-8");
  }
}

/** Not `readFile`: a pipe or a device has no size to look at beforehand. */
async function readBytes(file: FileHandle): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let total = 0; ; ) {
    const chunk = new Uint8Array(64 * 1024);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return Buffer.concat(chunks);
    total += bytesRead;
    if (total > longestFile) throw refusal("is larger than 1 MB; that is not a configuration");
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

/** YAML forbids them, and in a path or a name they could only do harm. */
function refuseControls(text: string, problems: Problems): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
  const found = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text);
  if (found === null) return;
  const before = text.slice(0, found.index).split("\n");
  const place = { line: before.length, column: before.at(-1)!.length + 1, path: "" };
  const code = found[0].charCodeAt(0).toString(16).padStart(4, "0");
  problems.add(place, `column ${place.column} is the control character U+${code}; delete it`);
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: "REFUSED" });
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "REFUSED":
      return error.message;
    case "ENOENT":
    case "ENOTDIR":
      return "does not exist; create one with `runtime init`, or name another with -c FILE";
    case "EISDIR":
      return "is a folder; name the configuration file in it with -c FILE";
    case "EACCES":
    case "EPERM":
      return "cannot be read by this user; change its permissions";
    default:
      return `cannot be read: ${error.message}`;
  }
}
