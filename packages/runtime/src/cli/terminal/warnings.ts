// Node 22 announces on stderr that node:sqlite is experimental, once per process. Operators cannot
// act on it, and it would stand before every answer; all other warnings are let through.

export function silenceSqliteWarning(): void {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes("SQLite is an experimental feature")) {
      Reflect.apply(emit, process, [warning, ...rest]);
    }
  }) as typeof process.emitWarning;
}
