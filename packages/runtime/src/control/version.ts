// Which version this is.

/** Not by an import: that looks at all that a module has, and so loads the streams of files. */
const { readFileSync } = process.getBuiltinModule("node:fs");

/** That of package.json, such as `0.1.0`. */
export function programVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
