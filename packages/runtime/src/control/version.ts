// Which version this is.

import { readFileSync } from "node:fs";

/** That of package.json, such as `0.1.0`. */
export function programVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
